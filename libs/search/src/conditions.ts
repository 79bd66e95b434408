/** What a filter says, whatever it is about. */
export type Expression<Condition> =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression<Condition>[] }
  /** True wherever the term is not. */
  | { readonly kind: 'not'; readonly term: Expression<Condition> }
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

/** What is absent comes last in both directions, NaN before that. */
export interface OrderTerm<Field> {
  readonly field: Field;
  readonly descending: boolean;
}
