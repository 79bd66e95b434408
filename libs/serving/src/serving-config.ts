import type { RetryPolicy } from './domain/load-failure.ts';
import type { ServingScope } from './domain/serving-scope.ts';
import type { StreamConfig } from './stream-config.ts';

/** Everything about serving that a deployment may choose; `readServingConfig` makes it from the settings. */
export interface ServingConfig {
  /** Names this server in facts, in the slot table and as a durable consumer; unique among the servers of one registry. */
  readonly serverName: string;
  readonly scope: ServingScope;
  /** Alias of a model that is named without one. */
  readonly defaultAlias: string;
  /** Elements of all inputs of a call together. */
  readonly elementsMax: number;
  /** Calls in the runtime at once; ONNX Runtime computes them one after the other on the calling thread. */
  readonly inferencesMax: number;
  /** Calls that wait for it. */
  readonly queueMax: number;
  /** Predictions by key that ask the feature store at once; `queueMax` more wait. */
  readonly fetchesMax: number;
  /** For the feature store, when the caller set no deadline. */
  readonly fetchTimeoutMs: number;
  /** `keyed` logs predictions by key, `all` also calls with tensors. */
  readonly predictionLog: 'off' | 'keyed' | 'all';
  readonly logRowsMax: number;
  readonly logBatchRows: number;
  /** Share of the calls whose features are logged, 0 to 1. */
  readonly logFeatures: number;
  readonly logFlushMs: number;
  /** Rows that wait for shadows. */
  readonly shadowRowsMax: number;
  /** JSON of a REST request: it is parsed on the event loop. */
  readonly jsonBytesMax: number;
  readonly loadsMax: number;
  readonly loadTimeoutMs: number;
  readonly retry: RetryPolicy;
  /** How long calls may go on with a version that was swapped out. */
  readonly drainMs: number;
  readonly reconcileMs: number;
  readonly packageBytesMax: number;
  readonly packageCacheBytesMax: number;
  /** Undefined when this server scores no streams. */
  readonly streams?: StreamConfig | undefined;
}
