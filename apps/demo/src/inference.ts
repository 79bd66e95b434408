import type { Client } from '@slipway/clients';
import type { GRPCInferenceService, ModelInferRequest } from '@slipway/contracts/inference';
import type { TrainingTable } from '@slipway/plugin-kit';
import { floats, rawContent, tensorsOf } from './tensors.ts';

export type InferenceClient = Client<GRPCInferenceService>;

const BATCH_ROWS = 4096;
const BATCHES_IN_FLIGHT = 4;

/** Request for rows `from` to `until` in raw contents. */
export function inferRequest(
  model: string,
  table: TrainingTable,
  features: readonly string[],
  from: number,
  until: number,
): ModelInferRequest {
  const tensors = tensorsOf(table, features, from, until);
  return {
    model_name: model,
    inputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    outputs: [{ name: 'probability' }],
    raw_input_contents: tensors.map(rawContent),
  };
}

export interface Answer {
  readonly version: string;
  readonly probabilities: Float32Array;
}

/** One call. @throws the error of the call. */
export async function infer(client: InferenceClient, request: ModelInferRequest): Promise<Answer> {
  const response = await client.modelInfer(request);
  const raw = response.raw_output_contents[0];
  if (!raw) throw new Error('the server answered without an output');
  return { version: response.model_version, probabilities: floats(raw) };
}

/** Probabilities of every row of a table, in batches, a few of them in flight. */
export async function predictTable(
  client: InferenceClient,
  model: string,
  table: TrainingTable,
  features: readonly string[],
  onProgress: (rows: number) => void,
): Promise<Float32Array> {
  const probabilities = new Float32Array(table.rows);
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < table.rows) {
      const from = next;
      next = Math.min(from + BATCH_ROWS, table.rows);
      const until = next;
      const answer = await infer(client, inferRequest(model, table, features, from, until));
      probabilities.set(answer.probabilities, from);
      onProgress((done += until - from));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, worker));
  return probabilities;
}
