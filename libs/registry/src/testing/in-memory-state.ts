import type { Micros } from '@slipway/kernel';
import type { Envelope } from '@slipway/model-package';
import type { Alias, AliasMove } from '../domain/alias.ts';
import type { AliasPolicy } from '../domain/alias-policy.ts';
import type { Approval } from '../domain/approval.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { RegistryFact } from '../domain/facts.ts';
import type { ModelVersion } from '../domain/model-version.ts';
import type { BlobRef } from '../domain/package-store.ts';
import type { RegisteredModel } from '../domain/registered-model.ts';
import type { AuditEntry } from '../domain/unit-of-work.ts';

/** Rows are never changed in place, so that a copy of the tables is a copy of the state. */
export interface InMemoryState {
  readonly models: Table<RegisteredModel>;
  readonly versions: Table<{ readonly version: ModelVersion; readonly envelope: Envelope | undefined }>;
  readonly aliases: Table<Alias>;
  readonly moves: Table<AliasMove>;
  readonly policies: Table<AliasPolicy>;
  readonly evaluations: Table<Evaluation>;
  readonly approvals: Table<Approval>;
  readonly claims: Table<BlobRef & { readonly claimedAt: Micros }>;
  readonly requests: Table<{ readonly fingerprint: string; readonly answer: unknown }>;
  readonly facts: { readonly workspace: string; readonly fact: RegistryFact }[];
  readonly audit: (AuditEntry & { readonly workspace: string; readonly principal: string })[];
}

/** Rows by key; the first part of every key is the workspace. */
export class Table<Row> {
  readonly rows: Map<string, Row>;

  constructor(rows: Iterable<readonly [string, Row]> = []) {
    this.rows = new Map(rows);
  }

  copy(): Table<Row> {
    return new Table(this.rows);
  }

  get(...key: readonly (string | bigint)[]): Row | undefined {
    return this.rows.get(keyOf(key));
  }

  put(row: Row, ...key: readonly (string | bigint)[]): void {
    this.rows.set(keyOf(key), row);
  }

  delete(...key: readonly (string | bigint)[]): void {
    this.rows.delete(keyOf(key));
  }

  /** Rows whose key begins with these parts. */
  below(...prefix: readonly (string | bigint)[]): Row[] {
    const start = keyOf(prefix).slice(0, -1) + (prefix.length > 0 ? ',' : '');
    return [...this.rows].filter(([key]) => key.startsWith(start)).map(([, row]) => row);
  }

  deleteBelow(...prefix: readonly (string | bigint)[]): void {
    const start = `${keyOf(prefix).slice(0, -1)},`;
    for (const key of this.rows.keys()) if (key.startsWith(start)) this.rows.delete(key);
  }
}

const keyOf = (parts: readonly (string | bigint)[]): string => JSON.stringify(parts.map(String));

export const emptyState = (): InMemoryState => ({
  models: new Table(),
  versions: new Table(),
  aliases: new Table(),
  moves: new Table(),
  policies: new Table(),
  evaluations: new Table(),
  approvals: new Table(),
  claims: new Table(),
  requests: new Table(),
  facts: [],
  audit: [],
});

export const copyState = (state: InMemoryState): InMemoryState => ({
  models: state.models.copy(),
  versions: state.versions.copy(),
  aliases: state.aliases.copy(),
  moves: state.moves.copy(),
  policies: state.policies.copy(),
  evaluations: state.evaluations.copy(),
  approvals: state.approvals.copy(),
  claims: state.claims.copy(),
  requests: state.requests.copy(),
  facts: [...state.facts],
  audit: [...state.audit],
});
