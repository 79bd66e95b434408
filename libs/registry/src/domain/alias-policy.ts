/** One gate with its settings. */
export interface GateSpec {
  /** Name of a gate driver. */
  readonly gate: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What a version must show before an alias may move to it. */
export interface AliasPolicy {
  readonly model: string;
  readonly alias: string;
  readonly gates: readonly GateSpec[];
  /** Approvals by distinct principals other than the version's creator. */
  readonly approvalsRequired: number;
  /** Counts changes of the policy from 1; 0 for the policy that every alias has. */
  readonly revision: bigint;
}

/** The policy of every alias that has none of its own: no gate, and as many approvals as this registry asks for everywhere. */
export const defaultPolicy = (
  { model, alias }: Pick<AliasPolicy, 'model' | 'alias'>,
  { approvalsRequired }: Pick<AliasPolicy, 'approvalsRequired'>,
): AliasPolicy => ({ model, alias, gates: [], approvalsRequired, revision: 0n });
