import type { GateCandidate } from '@slipway/plugin-kit';
import { isLive, type Alias, type AliasName } from '../alias.ts';
import { defaultPolicy } from '../alias-policy.ts';
import type { RegistryLimits } from '../limits.ts';
import type { ModelVersion } from '../model-version.ts';
import type { RegistryReads } from '../unit-of-work.ts';
import type { MoveCase } from './judge-move.ts';

/** Reads all that decides whether `version` may take the alias. @param current the alias as it is. */
export async function openMoveCase(
  reads: RegistryReads,
  workspace: string,
  { model, alias }: AliasName,
  version: ModelVersion,
  current: Alias | undefined,
  limits: Pick<RegistryLimits, 'approvalsRequired'>,
): Promise<MoveCase> {
  const policy = (await reads.policies.get(model, alias)) ?? defaultPolicy({ model, alias }, limits);
  const approvals = await reads.approvals.about(model, version.version, alias);
  const candidate = await candidateOf(reads, model, version.version);
  const holder = isLive(current) ? await candidateOf(reads, model, current.version) : undefined;
  return { workspace, policy, version, approvals, candidate, current: holder };
}

async function candidateOf(reads: RegistryReads, model: string, version: bigint): Promise<GateCandidate> {
  return { model, version: Number(version), evaluations: await reads.evaluations.newest(model, version) };
}
