/** What a filter says, whatever it is about. OR and NOT would be two more kinds. */
export type Expression<Condition> =
  | { readonly kind: 'and'; readonly terms: readonly Expression<Condition>[] }
  | { readonly kind: 'condition'; readonly condition: Condition };

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** `%` stands for any characters and `_` for one; there is no escape. `ilike` takes A to Z for a to z, and no other letter for another one. */
export type TextTest =
  | { readonly op: '=' | '!=' | 'like' | 'ilike'; readonly value: string }
  | { readonly op: 'in' | 'not in'; readonly values: readonly string[] }
  | PresenceTest;
export type NumberTest = { readonly op: Comparator; readonly value: number } | PresenceTest;
/** The literal is an int64; others were turned into one that says the same. */
export type IntegerTest = { readonly op: Comparator; readonly value: bigint } | PresenceTest;
export interface PresenceTest {
  readonly op: 'is null' | 'is not null';
}

export const isPresenceTest = (test: { readonly op: string }): test is PresenceTest =>
  test.op === 'is null' || test.op === 'is not null';

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

/** What is absent comes last in both directions, NaN before that. */
export interface OrderTerm<Field> {
  readonly field: Field;
  readonly descending: boolean;
}
