import type { Transaction } from '@slipway/persistence';
import type { RegistryTransaction } from '../domain/unit-of-work.ts';
import {
  AliasMoveRow,
  AliasPolicyRow,
  AliasRow,
  ApprovalRow,
  EnvelopeRow,
  EvaluationMetricRow,
  EvaluationRow,
  VersionFileRow,
  VersionRow,
} from './entities.ts';

const UNTRACKED = { disableIdentityMap: true } as const;

export const moveRows =
  ({ em }: Transaction, workspace: string): RegistryTransaction['models']['moveRows'] =>
  async (from, to) => {
    const [below, next] = [{ workspace, model: from }, { model: to }];
    const aliases = await em.find(AliasRow, below, UNTRACKED);
    await em.nativeUpdate(VersionRow, below, next);
    await em.nativeUpdate(EnvelopeRow, below, next);
    await em.nativeUpdate(VersionFileRow, below, next);
    await em.nativeUpdate(EvaluationRow, below, next);
    await em.nativeUpdate(EvaluationMetricRow, below, next);
    await em.nativeUpdate(ApprovalRow, below, next);
    await em.nativeUpdate(AliasPolicyRow, below, next);
    await em.nativeUpdate(AliasMoveRow, below, next);
    await em.nativeUpdate(AliasRow, below, next);
    const left = aliases.map((alias) => ({ ...alias, version: null, digest: '' }));
    if (left.length > 0) await em.insertMany(AliasRow, left);
  };

export const reseal =
  ({ em }: Transaction, workspace: string): RegistryTransaction['versions']['reseal'] =>
  async ({ model, version, formerDigest, digest, signingKeyId }, envelope) => {
    const which = { workspace, model, version };
    await em.nativeUpdate(VersionRow, which, { digest, signingKeyId });
    await em.nativeUpdate(EnvelopeRow, which, { envelope });
    await em.nativeUpdate(ApprovalRow, { ...which, digest: formerDigest }, { digest });
  };
