import type { Clock, JsonValue, Logger, Micros } from '@slipway/kernel';
import { z } from 'zod';

/** Lets a value of a step's `with` also be an expression, in a file; a no-op for values that are filled in. */
export type Fillable = <Schema extends z.ZodType>(schema: Schema) => z.ZodType<z.output<Schema>>;

/** What a file can say about steps of one kind. */
export interface StepShape {
  readonly kind: string;
  /** Of the step's `with`; made twice, for files and for filled values. */
  readonly schema: (value: Fillable) => z.ZodType;
  /** What later steps may refer to; undefined when that depends on what it runs. */
  readonly results: readonly string[] | undefined;
  /** Used when the file names none. */
  readonly timeoutMs: number;
}

/** What a running step sees. */
export interface StepContext {
  readonly workspace: string;
  readonly pipeline: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  /**
   * Names the step of this run; the same for every attempt, so that what an attempt began before it failed, or before its process died, is found again by
   * the next one. All request ids of the step begin with it. At most 100 visible ASCII characters.
   */
  readonly key: string;
  /** When the run was begun. */
  readonly beganAt: Micros;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts on a cancel, on the deadline, when the process stops and when the lease was lost: then stop soon, by rejecting. */
  readonly signal: AbortSignal;
  /** Says in one sentence what it does now; cheap, at most one a second is written. */
  say(message: string): void;
  /** From now on it waits for something outside of the system, e.g. a person. Resolves when that is written. */
  wait(message: string): Promise<void>;
}

/** What later steps may use. */
export type StepResult = Readonly<Record<string, JsonValue>> & {
  /** One sentence for people; the rest is for steps. */
  readonly message: string;
};

export interface StepKind extends StepShape {
  /**
   * Must be repeatable: it is called again after a failure, and after its process died at any point.
   * @param input what `schema` makes of the filled values.
   */
  execute(input: unknown, context: StepContext): Promise<StepResult>;
}

/** All kinds by name. */
export type StepKinds = ReadonlyMap<string, StepKind>;
export type StepShapes = ReadonlyMap<string, StepShape>;

/** Builds a kind so that its schema types what it executes. */
export function stepKind<Input>(kind: {
  readonly kind: string;
  readonly schema: (value: Fillable) => z.ZodType<Input>;
  readonly results: readonly string[] | undefined;
  readonly timeoutMs: number;
  execute(input: Input, context: StepContext): Promise<StepResult>;
}): StepKind {
  return { ...kind, execute: (input, context) => kind.execute(input as Input, context) };
}

/** Of an expression in a file; what it becomes is checked when it is filled in. */
const expression = z.string().regex(/\$\{/);

/** For files: the value or an expression. */
export const inFile: Fillable = (schema) => z.union([expression, schema]) as never;
/** For filled values. */
export const filled: Fillable = (schema) => schema as never;

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
