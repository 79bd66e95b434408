import { auditService, type AuditService } from '@slipway/contracts/slipway.audit.v1';
import { InvalidArgumentError, SHA256_PATTERN } from '@slipway/kernel';
import { implementService, type Handlers, type ServiceImplementation } from '@slipway/platform';
import { readPageSize } from '../paging/list-order.ts';
import { decodePageToken, encodePageToken } from '../paging/page-token.ts';
import { readAuditPage, toAuditMessage } from './audit-records.ts';
import { toOperationMessage } from './operation-to-proto.ts';
import { toWorkContext, type PlatformServiceMap, type PlatformServiceParts } from './platform-service-parts.ts';
import { verifyAuditWork } from './verify-audit-operation.ts';

/** The audit logs of all services of a process; the workspace is the caller's. */
export function createAuditService(services: PlatformServiceMap): ServiceImplementation {
  const partsOf = (service: string): PlatformServiceParts => {
    const parts = services.get(service);
    if (parts) return parts;
    const known = [...services.keys()].sort().join(', ');
    throw InvalidArgumentError.of('service', `is not in this process; use one of ${known}`, {
      reason: 'SERVICE_UNKNOWN',
      facts: { service, known },
    });
  };
  const handlers: Handlers<AuditService> = {
    listAuditRecords: async (request, { caller }) => {
      const { database } = partsOf(request.service);
      const { workspace } = caller;
      const { resource } = request;
      const filter = { service: request.service, resource };
      const query = { method: 'ListAuditRecords', workspace, filter, orderBy: 'sequence' };
      const limit = readPageSize(request.page_size);
      const [after = 0n] = decodePageToken(query, request.page_token) ?? [];
      if (typeof after !== 'bigint') throw InvalidArgumentError.of('page_token', 'is not a token of ours');
      const records = await database.read(({ sql }) =>
        readAuditPage(sql, { workspace, resource, after, limit: limit + 1 }),
      );
      const page = records.slice(0, limit);
      const last = records.length > limit ? page.at(-1) : undefined;
      return {
        records: page.map(toAuditMessage),
        next_page_token: last ? encodePageToken(query, [last.sequence]) : '',
      };
    },
    verifyAudit: async (request, context) => {
      const { database, operations } = partsOf(request.service);
      const { anchor_hash: anchorHash } = request;
      if (anchorHash !== '' && !SHA256_PATTERN.test(anchorHash)) {
        throw InvalidArgumentError.of('anchor_hash', 'must be 64 lower-case hex digits, or empty');
      }
      // Not audited: an entry would join the chain in question, and cannot when its head is what was tampered with.
      const record = await operations.begin(
        toWorkContext(context),
        { kind: 'audit.verify', unit: 'records' },
        verifyAuditWork(database, context.caller.workspace, anchorHash),
      );
      return { operation: toOperationMessage(record) };
    },
  };
  return implementService(auditService, handlers);
}
