import type { Operation__Output, OperationService } from '@slipway/contracts/slipway.common.v1';
import type { Client } from '@slipway/clients';
import { stepBroken } from '../domain/errors.ts';
import type { StepContext } from '../domain/step-kind.ts';
import { within } from './services.ts';

const LOOK_EVERY_MS = 250;
/** Operations that one step begins after one another failed; more are the work of many resumptions. */
const REPEATS_MAX = 100;

const FAILED: ReadonlySet<string> = new Set(['OPERATION_STATE_FAILED', 'OPERATION_STATE_CANCELLED']);

/**
 * Begins long work and follows it to its end. The request id follows from the step: an attempt that comes later finds the work of the one before. Work that had
 * failed before this attempt looked is begun once more, under the next id of the row.
 * @returns JSON of the result. @throws {UnavailableError} reason OPERATION_FAILED when it fails now.
 */
export async function finishedOperation(
  operations: Client<OperationService>,
  begin: (requestId: string) => Promise<Operation__Output | null>,
  { key, ...context }: StepContext,
): Promise<string> {
  for (let repeat = 1; repeat <= REPEATS_MAX; repeat += 1) {
    const begun = await begin(repeat === 1 ? key : `${key}.${repeat}`);
    if (!begun) throw new Error('the service answered without an operation');
    const known = await look(operations, begun.id, context);
    if (FAILED.has(known.state)) continue; // of an earlier attempt, or failed at once: the bound ends that, too
    return follow(operations, known, context);
  }
  throw stepBroken('OPERATION_FAILED', `the work was begun ${REPEATS_MAX} times and failed each time`);
}

type Looking = Omit<StepContext, 'key'>;

async function look(operations: Client<OperationService>, id: string, context: Looking): Promise<Operation__Output> {
  const { operation } = await within(operations, context).getOperation({ id });
  if (!operation) throw new Error('the service answered without an operation');
  return operation;
}

async function follow(
  operations: Client<OperationService>,
  begun: Operation__Output,
  context: Looking,
): Promise<string> {
  for (let operation = begun; ; operation = await look(operations, begun.id, context)) {
    if (operation.state === 'OPERATION_STATE_SUCCEEDED') return operation.result_json;
    if (FAILED.has(operation.state)) {
      const { reason = '', message = 'cancelled' } = operation.error ?? {};
      throw stepBroken('OPERATION_FAILED', `${operation.kind}: ${reason} ${message}`);
    }
    const { done = '0', total = '0', unit = '' } = operation.progress ?? {};
    context.say(`${operation.kind}: ${done} of ${total} ${unit}`);
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}
