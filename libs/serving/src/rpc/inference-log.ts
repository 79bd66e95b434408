import type { Clock } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';
import type { Tensor } from '@slipway/plugin-kit';
import type { CallAssignments } from '../domain/call-assignments.ts';
import { loggedOutputs } from '../domain/logged-values.ts';
import type { VersionRef } from '../domain/ports.ts';
import type { PredictionLog } from '../domain/prediction-log.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import type { StageMicros } from '../domain/stages.ts';

/** What the router said about a call with tensors. */
export interface InferenceAssignment {
  readonly assigned: CallAssignments | undefined;
  /** Of somebody else's router, as it was sent; empty without one. */
  readonly opaque: string;
}

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
    { requestId }: Pick<CallContext, 'requestId'>,
    { assigned, opaque }: InferenceAssignment,
  ): void {
    // the first row stands for the call; outputs may differ in their first dimension
    const values = outputs.flatMap((output) => loggedOutputs([output], output.shape[0] ?? 1));
    const unknown = { unitHash: '', assignmentId: opaque, experiment: '', arm: '', propensity: 0 };
    const units = assigned?.units ?? (opaque === '' ? [] : [unknown]);
    this.#log.add({
      workspace,
      model,
      alias,
      version,
      digest,
      time: this.#clock.now(),
      objective: assigned?.objective ?? '',
      requestId,
      stages,
      predictionIds: [this.#nextId()],
      outputs: values.map(({ name, values: [first = Number.NaN] }) => ({ name, values: Float64Array.of(first) })),
      numberFeatures: [],
      textFeatures: [],
      views: [],
      units,
      unitOfRow: units.map(() => 0),
      shadows: [],
    });
  }
}
