import { InvalidArgumentError, type Caller, type Clock, type Micros } from '@slipway/kernel';
import { modelAlreadyExists } from '../domain/errors.ts';
import type { BlobLedger } from '../domain/package-store.ts';
import type {
  BlobClaims,
  Call,
  RegistryReads,
  RegistryTransaction,
  RegistryUnitOfWork,
} from '../domain/unit-of-work.ts';
import { inMemoryReads } from './in-memory-reads.ts';
import { copyState, emptyState, type InMemoryState } from './in-memory-state.ts';

/** The registry's state in memory: units of work one after the other, each on a copy that replaces the state when it succeeds. */
export class InMemoryRegistry implements RegistryUnitOfWork, BlobLedger {
  state: InMemoryState = emptyState();
  private readonly clock: Clock;
  private last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  run<Result>(call: Call, work: (tx: RegistryTransaction) => Promise<Result>): Promise<Result> {
    return this.alone((state) => work(inMemoryTransaction(state, call, this.clock.now())));
  }

  read<Result>({ workspace }: Caller, work: (reads: RegistryReads) => Promise<Result>): Promise<Result> {
    return work(inMemoryReads(this.state, workspace));
  }

  unused(before: Micros, limit: number) {
    const unused = this.state.claims.below().filter(({ workspace, sha256, claimedAt }) => {
      return claimedAt < before && !isNamed(this.state, workspace, sha256);
    });
    unused.sort((left, right) => (left.claimedAt < right.claimedAt ? -1 : 1));
    return Promise.resolve(unused.slice(0, limit).map(({ workspace, sha256 }) => ({ workspace, sha256 })));
  }

  drop({ workspace, sha256 }: { workspace: string; sha256: string }, before: Micros, remove: () => Promise<void>) {
    return this.alone(async (state) => {
      const claim = state.claims.get(workspace, sha256);
      if (!claim || claim.claimedAt >= before || isNamed(state, workspace, sha256)) return false;
      await remove();
      state.claims.delete(workspace, sha256);
      return true;
    });
  }

  private alone<Result>(work: (state: InMemoryState) => Promise<Result>): Promise<Result> {
    const turn = this.last.then(async () => {
      const copy = copyState(this.state);
      const result = await work(copy);
      this.state = copy;
      return result;
    });
    this.last = turn.catch(() => undefined); // the next one begins whatever became of this one
    return turn;
  }
}

const isNamed = ({ versions }: InMemoryState, workspace: string, sha256: string): boolean =>
  versions.below(workspace).some(({ version }) => version.files.some((file) => file.sha256 === sha256));

function inMemoryTransaction(state: InMemoryState, { caller }: Call, now: Micros): RegistryTransaction {
  const { workspace, principal } = caller;
  const reads = inMemoryReads(state, workspace);
  const done = (change: () => void): Promise<void> => Promise.resolve(change());
  return {
    now,
    models: {
      ...reads.models,
      lock: (name) => reads.models.get(name),
      insert: async (model) => {
        if (await reads.models.get(model.name)) throw modelAlreadyExists(model.name);
        state.models.put(model, workspace, model.name);
      },
      moveRows: (from, to) => done(() => moveRows(state, workspace, from, to)),
      update: (model) => done(() => state.models.put(model, workspace, model.name)),
    },
    versions: {
      ...reads.versions,
      insert: (version, envelope) =>
        done(() => state.versions.put({ version, envelope }, workspace, version.model, version.version)),
      update: (version) =>
        done(() => {
          const stored = state.versions.get(workspace, version.model, version.version);
          if (stored) state.versions.put({ ...stored, version }, workspace, version.model, version.version);
        }),
      reseal: ({ model, version: number, formerDigest, digest, signingKeyId }, envelope) =>
        done(() => {
          const stored = state.versions.get(workspace, model, number);
          if (!stored) return;
          const version = { ...stored.version, digest, signingKeyId };
          state.versions.put({ version, envelope }, workspace, model, number);
          for (const approval of state.approvals.below(workspace, model, number)) {
            if (approval.digest !== formerDigest) continue;
            state.approvals.put({ ...approval, digest }, workspace, model, number, approval.sequence);
          }
        }),
      archive: ({ model, stage, except }) =>
        done(() => {
          for (const { version, envelope } of state.versions.below(workspace, model)) {
            if (version.stage !== stage || version.version === except) continue;
            const archived = { ...version, stage: 'archived' as const, updateTime: now };
            state.versions.put({ version: archived, envelope }, workspace, model, version.version);
          }
        }),
      delete: (model, version) =>
        done(() => {
          state.versions.delete(workspace, model, version);
          for (const table of [state.evaluations, state.approvals]) table.deleteBelow(workspace, model, version);
        }),
      deleteAll: (model) =>
        done(() => {
          for (const table of [state.versions, state.evaluations, state.approvals]) table.deleteBelow(workspace, model);
        }),
    },
    aliases: {
      ...reads.aliases,
      put: (alias) => done(() => state.aliases.put(alias, workspace, alias.model, alias.name)),
    },
    moves: {
      ...reads.moves,
      add: (move) => done(() => state.moves.put(move, workspace, move.model, move.alias, move.revision)),
    },
    policies: {
      ...reads.policies,
      put: (policy) => done(() => state.policies.put(policy, workspace, policy.model, policy.alias)),
      deleteAll: (model) => done(() => state.policies.deleteBelow(workspace, model)),
    },
    evaluations: {
      ...reads.evaluations,
      add: (row) => done(() => state.evaluations.put(row, workspace, row.model, row.version, row.sequence)),
    },
    approvals: {
      ...reads.approvals,
      add: (row) => done(() => state.approvals.put(row, workspace, row.model, row.version, row.sequence)),
    },
    blobs: inMemoryClaims(state, workspace, now),
    events: { add: (fact) => void state.facts.push({ workspace, fact }) },
    audit: { add: (entry) => void state.audit.push({ ...entry, workspace, principal }) },
    once: inMemoryOnce(state, workspace, principal),
  };
}

function moveRows(state: InMemoryState, workspace: string, from: string, to: string): void {
  const { versions, aliases, moves, policies, evaluations, approvals } = state;
  const below = [versions, aliases, moves, policies, evaluations, approvals] as const;
  const rows = {
    versions: versions.below(workspace, from),
    aliases: aliases.below(workspace, from),
    moves: moves.below(workspace, from),
    policies: policies.below(workspace, from),
    evaluations: evaluations.below(workspace, from),
    approvals: approvals.below(workspace, from),
  };
  for (const table of below) table.deleteBelow(workspace, from);
  const model = to;
  for (const { version, envelope } of rows.versions) {
    versions.put({ version: { ...version, model }, envelope }, workspace, to, version.version);
  }
  for (const row of rows.aliases) {
    aliases.put({ ...row, model }, workspace, to, row.name);
    aliases.put({ ...row, version: undefined, digest: '' }, workspace, from, row.name);
  }
  for (const row of rows.moves) moves.put({ ...row, model }, workspace, to, row.alias, row.revision);
  for (const row of rows.policies) policies.put({ ...row, model }, workspace, to, row.alias);
  for (const row of rows.evaluations) evaluations.put({ ...row, model }, workspace, to, row.version, row.sequence);
  for (const row of rows.approvals) approvals.put({ ...row, model }, workspace, to, row.version, row.sequence);
}

function inMemoryClaims(state: InMemoryState, workspace: string, now: Micros): BlobClaims {
  const claim = (sha256: string): void => state.claims.put({ workspace, sha256, claimedAt: now }, workspace, sha256);
  return {
    claim: (digests) => Promise.resolve(digests.forEach(claim)),
    hold: (digests) => Promise.resolve(digests.every((sha256) => state.claims.get(workspace, sha256) !== undefined)),
    renew: (model, version) => {
      const rows = state.versions.below(workspace, model).map((row) => row.version);
      const named = rows.filter((row) => version === undefined || row.version === version);
      return Promise.resolve(named.forEach(({ files }) => files.forEach(({ sha256 }) => claim(sha256))));
    },
  };
}

function inMemoryOnce(state: InMemoryState, workspace: string, principal: string): RegistryTransaction['once'] {
  return async <Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>) => {
    if (requestId === '') return work();
    const fingerprint = fingerprintOf(request);
    const stored = state.requests.get(workspace, principal, method, requestId);
    if (stored && stored.fingerprint !== fingerprint) {
      throw InvalidArgumentError.of('request_id', 'was used for another request', { reason: 'REQUEST_ID_REUSED' });
    }
    if (stored) return structuredClone(stored.answer) as Answer;
    const answer = await work();
    state.requests.put({ fingerprint, answer: structuredClone(answer) }, workspace, principal, method, requestId);
    return answer;
  };
}

/** Equal values have equal texts, whatever the order of their fields. */
const fingerprintOf = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === 'bigint') return `${field}n`;
    if (typeof field !== 'object' || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
