import type { IntegerTest, NumberTest, TextTest } from '@slipway/search';

export type RunTextAttribute = 'run_id' | 'run_name' | 'user_id' | 'status' | 'artifact_uri';
export type RunTimeAttribute = 'start_time' | 'end_time';
export type DatasetAttribute = 'name' | 'digest' | 'context';

/**
 * One thing that is said about a run. A key that the run does not have matches nothing but `is null`, so `!=` means "has one, and it is another".
 * Metrics are compared by their latest value; NaN is unequal to every number and neither greater nor less.
 */
export type RunCondition =
  | { readonly on: 'metric'; readonly key: string; readonly test: NumberTest }
  | { readonly on: 'param' | 'tag'; readonly key: string; readonly test: TextTest }
  | { readonly on: 'text'; readonly attribute: RunTextAttribute; readonly test: TextTest }
  | { readonly on: 'time'; readonly attribute: RunTimeAttribute; readonly test: IntegerTest }
  /** True when one of the datasets of the run passes. */
  | { readonly on: 'dataset'; readonly attribute: DatasetAttribute; readonly test: TextTest };

export type ExperimentTimeAttribute = 'creation_time' | 'last_update_time';

export type ExperimentCondition =
  | { readonly on: 'name'; readonly test: TextTest }
  | { readonly on: 'tag'; readonly key: string; readonly test: TextTest }
  | { readonly on: 'time'; readonly attribute: ExperimentTimeAttribute; readonly test: IntegerTest };

export type RunOrderField =
  | { readonly on: 'metric' | 'param' | 'tag'; readonly key: string }
  | { readonly on: 'text'; readonly attribute: RunTextAttribute }
  | { readonly on: 'time'; readonly attribute: RunTimeAttribute };

export type ExperimentOrderField = 'name' | 'experiment_id' | ExperimentTimeAttribute;
