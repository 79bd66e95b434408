import type { Caller, Micros } from '@slipway/kernel';
import type { AliasMoved } from './facts.ts';
import type { ModelVersion } from './model-version.ts';
import { aliasRevisionMismatch, modelAliasNotFound, rollbackImpossible } from './errors.ts';

/** A movable name for one version. What is left of a deleted one goes on counting, so that no revision is ever used twice. */
export interface Alias {
  readonly workspace: string;
  readonly model: string;
  readonly name: string;
  /** Undefined when the alias is deleted. */
  readonly version: bigint | undefined;
  /** What it named before its last move; undefined when it named nothing. */
  readonly previousVersion: bigint | undefined;
  /** Counts its moves from 1 without gaps. */
  readonly revision: bigint;
  /** Of the version's package; empty when the alias is deleted. */
  readonly digest: string;
  /** Principal of the last move. */
  readonly principal: string;
  readonly updateTime: Micros;
}

/** An alias that names a version. */
export type LiveAlias = Alias & { readonly version: bigint };

/** One move of an alias, kept for ever. */
export interface AliasMove {
  readonly model: string;
  readonly alias: string;
  readonly revision: bigint;
  /** Undefined when the alias was deleted. */
  readonly version: bigint | undefined;
  /** Undefined when the alias was new. */
  readonly previousVersion: bigint | undefined;
  readonly principal: string;
  readonly time: Micros;
  readonly rolledBack: boolean;
}

/** What a move leads to; the three are stored together. */
export interface AliasStep {
  readonly next: Alias;
  readonly move: AliasMove;
  readonly fact: AliasMoved;
}

export interface AliasName {
  readonly model: string;
  readonly alias: string;
}

export const isLive = (alias: Alias | undefined): alias is LiveAlias => alias?.version !== undefined;

/**
 * @param expected the caller's idea of the revision; 0 means "names nothing"; undefined means "whatever it is".
 * @throws {ConflictError} when it is another.
 */
export function assertRevision(
  { model, alias }: AliasName,
  current: Alias | undefined,
  expected: bigint | undefined,
): void {
  if (expected === undefined) return;
  const actual = isLive(current) ? current.revision : 0n;
  if (actual !== expected) throw aliasRevisionMismatch(model, alias, expected, actual);
}

/** The step to `target`, or undefined when the alias names it already: such a move changes nothing and is no event. */
export function moveAlias(
  name: AliasName,
  current: Alias | undefined,
  target: ModelVersion,
  caller: Caller,
  now: Micros,
): AliasStep | undefined {
  if (current?.version === target.version) return undefined;
  return step(name, current, target, { caller, now, rolledBack: false });
}

/**
 * Number of the version a roll back leads to: what the alias named before its last move.
 * @throws {NotFoundError} when it names nothing now. @throws {FailedPreconditionError} when it named nothing before.
 */
export function rollbackTarget({ model, alias }: AliasName, current: Alias | undefined): bigint {
  if (!isLive(current)) throw modelAliasNotFound(model, alias);
  if (current.previousVersion === undefined) throw rollbackImpossible(model, alias, 'it named no version before');
  return current.previousVersion;
}

/** @param target the version of `rollbackTarget`; undefined when it does not exist any more. @throws {FailedPreconditionError} then. */
export function rollBackAlias(
  name: AliasName,
  current: Alias | undefined,
  target: ModelVersion | undefined,
  caller: Caller,
  now: Micros,
): AliasStep {
  const version = rollbackTarget(name, current);
  if (!target)
    throw rollbackImpossible(name.model, name.alias, `version ${version}, which it named before, is deleted`);
  return step(name, current, target, { caller, now, rolledBack: true });
}

/** @throws {NotFoundError} when it names nothing. */
export function deleteAlias(name: AliasName, current: Alias | undefined, caller: Caller, now: Micros): AliasStep {
  if (!isLive(current)) throw modelAliasNotFound(name.model, name.alias);
  return step(name, current, undefined, { caller, now, rolledBack: false });
}

function step(
  { model, alias }: AliasName,
  current: Alias | undefined,
  target: ModelVersion | undefined,
  { caller, now, rolledBack }: { caller: Caller; now: Micros; rolledBack: boolean },
): AliasStep {
  const shared = {
    model,
    version: target?.version,
    previousVersion: current?.version,
    revision: (current?.revision ?? 0n) + 1n,
    principal: caller.principal,
  };
  const digest = target?.digest ?? '';
  return {
    next: { ...shared, name: alias, workspace: caller.workspace, digest, updateTime: now },
    move: { ...shared, alias, time: now, rolledBack },
    fact: { ...shared, kind: 'alias-moved', alias, digest, rolledBack },
  };
}
