import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatabaseTarget } from '@slipway/persistence';
import { temporaryDirectory } from '@slipway/testing';
import { createPlacement } from '../domain/placement.ts';
import { FakeMonitor } from '../testing/fake-monitor.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import type { KillOrder } from '../testing/kill/kill-child.ts';
import { startRouting, type RoutingInstallation } from '../testing/routing-installation.ts';
import { AB, EXPOSURES, OBJECTIVE, origins } from '../testing/sample-requests.ts';

const CHILD = fileURLToPath(new URL('../testing/kill/kill-child.ts', import.meta.url));

describe('the router after kill -9 in the middle of an Assign', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let next: RoutingInstallation | undefined;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    await next?.stop();
    next = undefined;
    directory.remove();
  });

  const killed = async (step: KillOrder['step']): Promise<RoutingInstallation> => {
    const target: DatabaseTarget = { driver: 'sqlite', file: join(directory.path, 'routing.sqlite') };
    const order: KillOrder = { directory: directory.path, target, step };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    next = await startRouting({
      directory: directory.path,
      target,
      registry: new FakeRegistry({ live: '1', champion: '2' }),
      monitor: new FakeMonitor(),
    });
    return next;
  };

  it.each([
    ['after-commit', true],
    ['before-commit', false],
  ] as const)('killed %s: the repeat gives the same arms, and each exposure is there once', async (step, isKept) => {
    const after = await killed(step);
    const { routing } = after;
    const told = async () =>
      (await after.events(EXPOSURES)).flatMap(({ exposures }) => exposures as { unit_hash: string; arm: string }[]);
    expect(await told()).toHaveLength(isKept ? 10 : 0);
    const { assignments } = await routing.assign({ objective: OBJECTIVE, units: origins(10) });
    expect(assignments.map(({ known }) => known)).toEqual(assignments.map(() => isKept));
    const placeOf = createPlacement(AB.salt, 1);
    const arms = assignments.map(({ unit_hash: hash, arm }) => ({ unit_hash: hash, arm }));
    expect(arms.map(({ arm }) => arm)).toEqual(
      arms.map(({ unit_hash: hash }) => (placeOf(hash) < 500 ? 'treatment' : 'control')),
    );
    const kept = (await told()).map(({ unit_hash: hash, arm }) => ({ unit_hash: hash, arm }));
    const byHash = (left: { unit_hash: string }, right: { unit_hash: string }) =>
      left.unit_hash < right.unit_hash ? -1 : 1;
    expect(kept.toSorted(byHash)).toEqual(arms.toSorted(byHash));
    const { experiments } = await routing.listRoutingExperiments({ objective: OBJECTIVE });
    const { control = '', treatment = '' } = experiments[0]?.exposures ?? {};
    expect(Number(control) + Number(treatment)).toBe(10);
  });
});
