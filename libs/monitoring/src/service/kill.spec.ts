import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { FakeRegistry } from '../testing/fake-registry.ts';
import type { KillOrder } from '../testing/kill/kill-child.ts';
import { KILL_OUTCOMES, killProfile } from '../testing/kill/kill-data.ts';
import { startMonitoring, type MonitoringInstallation } from '../testing/monitoring-installation.ts';
import { OBJECTIVE, outcomesOf } from '../testing/story.ts';

const CHILD = fileURLToPath(new URL('../testing/kill/kill-child.ts', import.meta.url));
const ALWAYS = { seconds: '99999999999', nanos: 0 };

/** The process ends by SIGKILL between two steps; the next one on the same database and bus has to make the same of it. */
describe('the monitor after kill -9', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let installation: MonitoringInstallation | undefined;
  let bus: EventBus | undefined;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    await installation?.stop();
    await bus?.close();
    installation = bus = undefined;
    directory.remove();
  });

  const killed = async (task: KillOrder['task'], step: string): Promise<MonitoringInstallation> => {
    const target: DatabaseTarget = { driver: 'sqlite', file: join(directory.path, 'monitoring.sqlite') };
    const order: KillOrder = { directory: directory.path, target, task, step };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const shared = { clock: systemClock, ids: createIdSource(systemClock, seededRandom(7)), log: silentLogger };
    const config = eventBusSqlitePlugin.parseConfig({});
    bus = eventBusSqlitePlugin.create(config, { ...shared, dataDirectory: directory.path });
    await bus.open(AbortSignal.timeout(10_000));
    const registry = new FakeRegistry();
    registry.publish('m', 1, killProfile().json);
    installation = await startMonitoring({ target, registry, otherBus: bus, seed: 5 });
    return installation;
  };
  const windows = async ({ monitor }: MonitoringInstallation) =>
    (await monitor.listWindows({ objective: OBJECTIVE })).windows;
  const closedEvents = async (after: MonitoringInstallation) =>
    (await after.events()).filter(({ type }) => type.includes('window.closed')).map(({ data }) => data['day']);

  it.each(['before-commit', 'after-commit'])('predictions killed at %s are kept once', async (step) => {
    const after = await killed('ingest', step);
    await expect.poll(() => after.consumer.status().handled, { timeout: 15_000 }).toBe(1); // delivered again
    expect((await windows(after)).map(({ rows }) => rows)).toEqual(['10', '10', '10']);
    const blocks = await after.unitOfWork.read(({ sql }) =>
      sql.all<{ found: number }>('select count(*) as found from monitoring_prediction_block'),
    );
    expect(Number(blocks[0]?.found)).toBe(3);
    const features = (await windows(after))[0]?.versions[0]?.checks.find(({ check }) => check === 'feature_psi');
    expect(features).toBeDefined();
  });

  it.each(['before-commit', 'after-commit'])('outcomes killed at %s are kept once, with one event', async (step) => {
    const after = await killed('record', step);
    expect((await after.monitor.recordOutcomes(outcomesOf(KILL_OUTCOMES))).recorded).toBe('30');
    expect((await windows(after)).map((window) => window.labelled_rows)).toEqual(['10', '10', '10']);
    expect((await after.events()).filter(({ type }) => type.includes('outcome.observed'))).toHaveLength(1);
  });

  // each day is added up in one commit and closed in the next one
  it.each(['before-commit:2', 'after-commit:2', 'after-commit:3', 'before-commit:4'])(
    'windows killed at %s are closed once each',
    async (step) => {
      const after = await killed('evaluate', step);
      const before = (await closedEvents(after)).length;
      const { windows: closed } = await after.monitor.evaluateWindows({ objective: OBJECTIVE, until: ALWAYS });
      expect(closed).toHaveLength(3 - before);
      const days = await closedEvents(after);
      expect(days).toEqual([...new Set(days)].toSorted((left, right) => (String(left) < String(right) ? -1 : 1)));
      expect(days).toHaveLength(3);
    },
  );
});
