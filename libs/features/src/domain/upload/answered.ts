import type { Call, FeatureTransaction, FeatureUnitOfWork } from '../unit-of-work.ts';

class NotAnswered extends Error {}

/** The answer to an earlier call with this request id, before anything is received; undefined when the id is new or empty. */
export async function findAnswer<Answer>(
  unitOfWork: FeatureUnitOfWork,
  call: Call,
  method: string,
  requestId: string,
  request: unknown,
): Promise<Answer | undefined> {
  if (requestId === '') return undefined;
  const ask = (tx: FeatureTransaction): Promise<Answer> =>
    tx.once<Answer>(method, requestId, request, () => Promise.reject(new NotAnswered()));
  try {
    return await unitOfWork.run(call, ask);
  } catch (error) {
    if (error instanceof NotAnswered) return undefined; // go on and make it
    throw error;
  }
}
