import { expect, it } from 'vitest';
import { approvalRow, versionRow } from '../testing/sample-rows.ts';
import { standingApprovers, type Approval } from './approval.ts';

const version = versionRow('flights', 1n); // made by alice
const by = (principal: string, sequence: bigint, more: Partial<Approval> = {}): Approval =>
  approvalRow(version, sequence, { principal, ...more });

it('counts approvals of these very bytes only', () => {
  expect(standingApprovers(version, [by('bob', 1n, { digest: 'f'.repeat(64) }), by('carol', 2n)])).toEqual(['carol']);
});

it('counts each principal once, and never the one who made the version', () => {
  expect(standingApprovers(version, [by('bob', 1n), by('alice', 2n), by('bob', 3n)])).toEqual(['bob']);
});

it('counts what came after the last rejection, whatever the order in which they are read', () => {
  const rejected = by('dave', 2n, { decision: 'rejected' });
  expect(standingApprovers(version, [by('carol', 3n), rejected, by('bob', 1n)])).toEqual(['carol']);
});
