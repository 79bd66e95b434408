import { FailedPreconditionError, InvalidArgumentError, Turnstile, type DomainError } from '@slipway/kernel';
import type { Tensor } from '@slipway/plugin-kit';
import { fillInput, planPrediction, type PlannedInput, type PredictionPlan } from '@slipway/scoring';
import type { FeatureColumn, FeatureSource } from '../feature-source.ts';
import { loggedOutputs } from '../logged-values.ts';
import type { LoadedScorer } from '../ports.ts';
import { concatTensors } from './concat-tensors.ts';
import { givenColumn, keyColumns, readEventFeatures, shapeOf, type EventFeatures } from './event-features.ts';
import type { ReceivedEvent } from './received-event.ts';

/** Why an event cannot be scored, now or ever; or its outputs. */
export type EventScore = { readonly outputs: Readonly<Record<string, number>> } | { readonly fault: DomainError };

export interface EventScorerOptions {
  readonly features: FeatureSource;
  readonly fetchTimeoutMs: number;
  /** Calls of the feature store at once. */
  readonly fetchesMax: number;
  readonly nextRequestId: () => string;
}

/** An event on its way to its score. */
interface Row {
  readonly at: number;
  readonly event: ReceivedEvent;
  readonly features: EventFeatures;
}

/** Rows that are asked for together, as tensors in the order of the model's inputs. */
interface Prepared {
  readonly rows: readonly Row[];
  readonly tensors: readonly Tensor[];
}

/** Scores events with one model version: one run of the graph for all of a batch, one call of the feature store for each shape among them. */
export class EventScorer {
  readonly #options: EventScorerOptions;
  readonly #fetches: Turnstile;
  readonly #plans = new WeakMap<LoadedScorer, PredictionPlan>();

  constructor(options: EventScorerOptions) {
    this.#options = options;
    this.#fetches = new Turnstile(options.fetchesMax);
  }

  /**
   * One answer for each event, in their order; what is wrong with one leaves the others as they are.
   * @throws {UnavailableError} when the feature store does not answer. @throws {FailedPreconditionError} when it, or the model, cannot be asked this way.
   */
  async score(
    workspace: string,
    model: string,
    scorer: LoadedScorer,
    events: readonly ReceivedEvent[],
    signal: AbortSignal,
  ): Promise<readonly EventScore[]> {
    const plan = this.#planOf(model, scorer);
    const scores: EventScore[] = [];
    const shapes = readRows(plan, events, scores);
    const prepared = await Promise.all(shapes.map((rows) => this.#prepare(workspace, plan, rows, scores, signal)));
    const parts = prepared.filter((part) => part !== undefined);
    const rows = parts.flatMap((part) => part.rows);
    if (rows.length === 0) return scores;
    const tensors = plan.inputs.map((_, input) => concatTensors(parts.map((part) => part.tensors[input] as Tensor)));
    const outputs = loggedOutputs(await scorer.score(tensors, undefined, signal), rows.length);
    for (const [row, { at }] of rows.entries()) scores[at] ??= toScore(outputs, row);
    return scores;
  }

  #planOf(model: string, scorer: LoadedScorer): PredictionPlan {
    const known = this.#plans.get(scorer);
    if (known) return known;
    const plan = planPrediction(model, scorer.features, scorer.signature);
    this.#plans.set(scorer, plan);
    return plan;
  }

  /** Undefined when nothing of it can be scored; faults of single rows go to `scores`. */
  async #prepare(
    workspace: string,
    plan: PredictionPlan,
    rows: readonly Row[],
    scores: EventScore[],
    signal: AbortSignal,
  ): Promise<Prepared | undefined> {
    let fetched: ReadonlyMap<string, FeatureColumn>;
    try {
      fetched = await this.#fetch(workspace, rows, signal);
    } catch (error) {
      // what the store says about the keys is true of every event with these names and types
      if (!(error instanceof InvalidArgumentError)) throw error;
      for (const { at } of rows) scores[at] = { fault: error };
      return undefined;
    }
    const tensors: Tensor[] = [];
    for (const [at, planned] of plan.inputs.entries()) {
      const tensor = fill(planned, at, rows, fetched.get(planned.feature), scores);
      if (!tensor) return undefined;
      tensors.push(tensor);
    }
    return { rows, tensors };
  }

  async #fetch(
    workspace: string,
    rows: readonly Row[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, FeatureColumn>> {
    const [first] = rows;
    if (!first || first.features.missing.length === 0) return new Map();
    const { features, fetchTimeoutMs, nextRequestId } = this.#options;
    await this.#fetches.enter(signal);
    try {
      const online = await features.read(
        {
          workspace,
          features: first.features.missing,
          entities: keyColumns(rows.map((row) => row.features.keys)),
          asOf: first.event.time,
          timeoutMs: fetchTimeoutMs,
          requestId: nextRequestId(),
          traceparent: first.event.traceparent,
        },
        signal,
      );
      return new Map(online.features.map((column) => [column.name, column]));
    } finally {
      this.#fetches.leave();
    }
  }
}

/** Rows by shape; what an event itself has wrong goes to `scores`. */
function readRows(plan: PredictionPlan, events: readonly ReceivedEvent[], scores: EventScore[]): Row[][] {
  const shapes = new Map<string, Row[]>();
  for (const [at, event] of events.entries()) {
    try {
      const features = readEventFeatures(plan, event.data);
      const shape = shapeOf(features, event.time);
      const rows = shapes.get(shape);
      if (rows) rows.push({ at, event, features });
      else shapes.set(shape, [{ at, event, features }]);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      scores[at] = { fault: error };
    }
  }
  return [...shapes.values()];
}

/** The tensor of one input; rows with a fault are told and hold anything. Undefined when no row can have a value. */
function fill(
  { feature, requestName, input }: PlannedInput,
  at: number,
  rows: readonly Row[],
  column: FeatureColumn | undefined,
  scores: EventScore[],
): Tensor | undefined {
  const data =
    column?.data ??
    givenColumn(
      input.datatype,
      rows.map((row) => row.features.given[at]),
    );
  const present = column ? Uint8Array.from(column.statuses, (status) => (status === 'PRESENT' ? 1 : 0)) : data.present;
  const filled = fillInput(input, data, present, rows.length);
  const name = requestName ?? feature;
  const faults =
    filled?.faults ?? rows.map((_, row) => ({ row, kind: 'invalid', description: `is of type ${data.type}` }));
  for (const { row, kind, description } of faults) {
    const scored = rows[row]?.at;
    if (scored === undefined || scores[scored]) continue;
    const isMissing = kind === 'missing';
    const told = isMissing ? `is ${column?.statuses[row] ?? 'NULL_VALUE'}` : description;
    scores[scored] = {
      fault: new FailedPreconditionError(`feature '${name}' ${told}; input '${input.name}' of type ${input.datatype} does not take that`, {
        reason: isMissing ? 'FEATURE_MISSING' : 'FEATURE_INVALID',
        facts: { feature: name },
      }),
    }; // prettier-ignore
  }
  return filled?.tensor;
}

function toScore(outputs: ReturnType<typeof loggedOutputs>, row: number): EventScore {
  const told: Record<string, number> = {};
  for (const { name, values } of outputs) {
    const value = values[row] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      const message = `output '${name}' is ${value}: a feature is missing that the model cannot do without, or the model overflows`;
      return { fault: new FailedPreconditionError(message, { reason: 'SCORE_NOT_FINITE', facts: { output: name } }) };
    }
    told[name] = value;
  }
  return { outputs: told };
}
