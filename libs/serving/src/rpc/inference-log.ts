import type { Clock } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';
import type { Tensor } from '@slipway/plugin-kit';
import { loggedOutputs } from '../domain/logged-values.ts';
import type { VersionRef } from '../domain/ports.ts';
import type { PredictionLog } from '../domain/prediction-log.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import type { StageMicros } from '../domain/stages.ts';

/** Request metadata with what the router assigned; opaque here. */
export const ASSIGNMENT_HEADER = 'slipway-assignment';
const ASSIGNMENT_CHARACTERS_MAX = 4_096;

export const assignmentOf = (context: Pick<CallContext, 'header'>): string =>
  context.header(ASSIGNMENT_HEADER)?.slice(0, ASSIGNMENT_CHARACTERS_MAX) ?? '';

/** Logs calls that bring tensors: one entry per call, for their rows have no keys. */
export class InferenceLog {
  readonly #log: PredictionLog;
  readonly #nextId: () => string;
  readonly #clock: Clock;

  constructor(log: PredictionLog, nextId: () => string, clock: Clock) {
    this.#log = log;
    this.#nextId = nextId;
    this.#clock = clock;
  }

  add(
    { workspace, model, alias }: SlotKey,
    { version, digest }: VersionRef,
    outputs: readonly Tensor[],
    stages: StageMicros,
    context: Pick<CallContext, 'header' | 'requestId'>,
  ): void {
    // the first row stands for the call; outputs may differ in their first dimension
    const values = outputs.flatMap((output) => loggedOutputs([output], output.shape[0] ?? 1));
    this.#log.add({
      workspace,
      model,
      alias,
      version,
      digest,
      time: this.#clock.now(),
      objective: '',
      requestId: context.requestId,
      stages,
      predictionIds: [this.#nextId()],
      outputs: values.map(({ name, values: [first = Number.NaN] }) => ({ name, values: Float64Array.of(first) })),
      numberFeatures: [],
      textFeatures: [],
      views: [],
      units: [],
      unitOfRow: [],
      shadows: [],
    });
  }
}
