import type { JsonValue, Micros } from '@slipway/kernel';

export type ParameterType = 'string' | 'number' | 'date';

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** As text; undefined when each run has to name it. */
  readonly default: string | undefined;
}

export interface StepSpec {
  readonly name: string;
  readonly kind: string;
  /** Names of the steps it waits for. */
  readonly needs: readonly string[];
  /** What its kind asks for, with expressions. */
  readonly with: Readonly<Record<string, JsonValue>>;
  /** From its first start to its end, retries included. */
  readonly timeoutMs: number;
  /** Times it may fail before its failure is final, at least 1. */
  readonly attempts: number;
}

export interface CronTrigger {
  readonly kind: 'cron';
  readonly name: string;
  /** Five fields, UTC. */
  readonly cron: string;
  /** What happens to ticks that nobody was there for: nothing, or one run for the last of them. */
  readonly catchUp: 'none' | 'last';
  readonly parameters: Readonly<Record<string, string>>;
}

export interface EventTrigger {
  readonly kind: 'event';
  readonly name: string;
  /** Type of the event. */
  readonly event: string;
  /** Field of the payload and the values that it may have. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** Events within this time after the first one become causes of one run. */
  readonly debounceMs: number;
  /** For this long after a run began events begin no other. */
  readonly coolDownMs: number;
  readonly parameters: Readonly<Record<string, string>>;
}

export type Trigger = CronTrigger | EventTrigger;

/** What a file says. */
export interface PipelineSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  /** Each after the steps it needs. */
  readonly steps: readonly StepSpec[];
  readonly triggers: readonly Trigger[];
  /** Runs that may go on at once. */
  readonly maxRunning: number;
}

/** A pipeline as it was applied; `revision` counts 1, 2, 3, ... */
export interface PipelineRevision {
  readonly name: string;
  readonly revision: bigint;
  readonly content: string;
  readonly digest: string;
  readonly principal: string;
  readonly updateTime: Micros;
}
