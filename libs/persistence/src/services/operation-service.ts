import { operationService, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import { implementService, type Handlers, type ServiceImplementation } from '@slipway/platform';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { OperationRecord } from '../operations/operation.ts';
import { operationNotFound } from '../operations/watch-operation.ts';
import { readPageSize } from '../paging/list-order.ts';
import { decodePageToken, encodePageToken } from '../paging/page-token.ts';
import { toOperationMessage } from './operation-to-proto.ts';
import { toWorkContext, type PlatformServiceMap } from './platform-service-parts.ts';

const newestFirst = (left: OperationRecord, right: OperationRecord): number => (left.id < right.id ? 1 : -1);

/** The operations of all services of a process; the workspace is the caller's, and others' operations do not exist. */
export function createOperationService(services: PlatformServiceMap): ServiceImplementation {
  const runners = [...services.values()].map(({ operations }) => operations);
  /** Ids are unique, so at most one database has it. */
  const find = async (workspace: string, id: string): Promise<{ runner: OperationRunner; record: OperationRecord }> => {
    for (const runner of runners) {
      const record = await runner.store.get({ workspace, id });
      if (record) return { runner, record };
    }
    throw operationNotFound(id);
  };
  const handlers: Handlers<OperationService> = {
    getOperation: async ({ id }, { caller }) => {
      const { record } = await find(caller.workspace, id);
      return { operation: toOperationMessage(record) };
    },
    listOperations: async ({ kind, page_size: pageSize, page_token: token }, { caller }) => {
      const { workspace } = caller;
      const query = { method: 'ListOperations', workspace, filter: { kind }, orderBy: 'id desc' };
      const limit = readPageSize(pageSize);
      const [before] = decodePageToken(query, token) ?? [];
      if (before !== undefined && typeof before !== 'string') {
        throw InvalidArgumentError.of('page_token', 'is not a token of ours');
      }
      const found = await Promise.all(
        runners.map(({ store }) => store.list({ workspace, kind, before, limit: limit + 1 })),
      );
      const newest = found.flat().sort(newestFirst);
      const page = newest.slice(0, limit);
      const last = newest.length > limit ? page.at(-1) : undefined;
      return {
        operations: page.map(toOperationMessage),
        next_page_token: last ? encodePageToken(query, [last.id]) : '',
      };
    },
    cancelOperation: async ({ id }, context) => {
      const { runner } = await find(context.caller.workspace, id);
      return { operation: toOperationMessage(await runner.cancel(toWorkContext(context), id)) };
    },
    watchOperation: async function* ({ id }, { caller, signal }) {
      const { workspace } = caller;
      const { runner } = await find(workspace, id);
      for await (const record of runner.watch({ workspace, id }, signal)) {
        yield { operation: toOperationMessage(record) };
      }
    },
  };
  return implementService(operationService, handlers);
}
