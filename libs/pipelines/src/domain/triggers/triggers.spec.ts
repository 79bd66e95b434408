import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driftDetected, recordEvent, toBusMessage } from '@slipway/contracts';
import { createMemoryEventBus, ManualClock, sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import {
  createTestProcess,
  openPipelineStore,
  type TestProcess,
  type TestStore,
} from '../../testing/pipeline-installation.ts';
import { taskPipeline, TaskWorld } from '../../testing/task-kind.ts';

const EVENT = (more = '') => `parameters:
  - { name: until, type: date, default: 2001-01-01 }
triggers:
  - name: drift
    event: slipway.monitoring.drift.detected.v1
    where: { objective: late-departure }
    parameters: { until: '\${event.day}' }
${more}`;
const CRON = (more = '') => `triggers:
  - { name: nightly, cron: '0 3 * * *', ${more}}
`;
const HOUR = 3_600_000;

describe('triggers', () => {
  let databases: TestDatabases;
  let store: TestStore;
  let clock: ManualClock;
  let world: TaskWorld;
  let bus: ReturnType<typeof createMemoryEventBus>;
  let running: TestProcess[];
  let events: number;
  beforeEach(async () => {
    databases = await sqliteDatabases();
    clock = new ManualClock();
    store = await openPipelineStore(databases, clock);
    world = new TaskWorld();
    bus = createMemoryEventBus();
    running = [];
    events = 0;
  });
  afterEach(async () => {
    const stopped = Promise.all(running.map((process) => process.stop()));
    for (let round = 0; round < 5; round += 1) await clock.advance(60_000);
    await stopped;
    await store.database.close();
    await databases.stop();
  });

  const start = async (): Promise<TestProcess> => {
    const process = createTestProcess({ store, clock, kinds: world.kinds, bus });
    running.push(process);
    await process.start();
    return process;
  };
  const apply = (process: TestProcess, more: string) =>
    process.pipelines.applyPipeline({ content: taskPipeline('p', [{ name: 'a' }], more) });
  const drift = async (fields: object = {}, id = `event-${(events += 1)}`) => {
    const payload = { ...driftDetected.sample, objective: 'late-departure', day: '2001-04-28', ...fields };
    const event = recordEvent(driftDetected, payload, { id, workspace: 'default', time: clock.now() });
    await bus.publish([toBusMessage(event, 'monitoring')], AbortSignal.timeout(1_000));
    await clock.advance(0);
  };
  const runsOf = async ({ pipelines }: TestProcess) => (await pipelines.listPipelineRuns({})).runs;
  const triggerOf = async ({ pipelines }: TestProcess) =>
    (await pipelines.getPipeline({ name: 'p' })).pipeline?.triggers[0];

  it('an event begins a run with values of its own, once however often it is delivered', async () => {
    const process = await start();
    await apply(process, EVENT());
    await drift({}, 'same');
    bus.recreate();
    await drift({}, 'same');
    await drift({ objective: 'another' });
    await clock.advance(5_000);
    const runs = await runsOf(process);
    expect(runs).toMatchObject([
      {
        state: 'PIPELINE_RUN_STATE_SUCCEEDED',
        parameters: { until: '2001-04-28' },
        principal: 'trigger:drift',
        causes: [{ kind: 'event', name: 'drift', id: 'same' }],
      },
    ]);
  });

  it('an event that happened before the pipeline was applied concerns nobody', async () => {
    await drift();
    await clock.advance(1_000);
    const process = await start();
    await apply(process, EVENT());
    await clock.advance(5_000);
    expect(await runsOf(process)).toEqual([]);
  });

  it('a storm of a hundred events within the debounce window is one run, with all of them as its causes', async () => {
    const process = await start();
    await apply(process, EVENT('    debounce: 10m\n    coolDown: 7d\n'));
    for (let count = 0; count < 100; count += 1) {
      await drift({ day: `2001-04-${10 + (count % 20)}` });
      await clock.advance(1_000);
    }
    expect(await runsOf(process)).toEqual([]);
    expect(await triggerOf(process)).toMatchObject({ held_back_by: 'debounce', next_time: null });
    for (let minute = 0; minute < 11; minute += 1) await clock.advance(60_000);
    const runs = await runsOf(process);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.causes.map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, index) => `event-${index + 1}`),
    );
    expect(runs[0]?.parameters).toEqual({ until: '2001-04-29' }); // of the last one
    await drift();
    expect(await triggerOf(process)).toMatchObject({ held_back_by: 'cool-down' });
    await clock.advance(7 * 24 * HOUR);
    await drift();
    for (let minute = 0; minute < 11; minute += 1) await clock.advance(60_000);
    expect(await runsOf(process)).toHaveLength(2);
  }, 30_000);

  it('an event becomes a cause of the run that goes on, when no other may begin', async () => {
    world.plans.set('a', { hangs: true });
    const process = await start();
    await apply(process, EVENT());
    await drift();
    await clock.advance(1_000);
    await drift();
    await drift();
    const runs = await runsOf(process);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.causes.map(({ id }) => id)).toEqual(['event-1', 'event-2', 'event-3']);
    expect(await triggerOf(process)).toMatchObject({ held_back_by: 'running' });
  });

  it('the window of a process that died is ended by the next one', async () => {
    const first = await start();
    await apply(first, EVENT('    debounce: 10m\n'));
    await drift();
    first.crash();
    await clock.advance(HOUR);
    const second = await start();
    await clock.advance(1_000);
    await clock.advance(1_000);
    expect(await runsOf(second)).toMatchObject([{ causes: [{ id: 'event-1' }] }]);
  });

  it('a schedule begins one run at each tick, also with two processes that look', async () => {
    const process = await start();
    await start();
    await apply(process, CRON());
    expect((await triggerOf(process))?.next_time?.seconds).toBe(String(86_400 + 3 * 3_600));
    for (let half = 0; half < 2 * 24 * 3; half += 1) {
      await clock.advance(HOUR / 2 - 1_000);
      await clock.advance(1_000);
    }
    const runs = await runsOf(process);
    const ids = runs.map(({ causes }) => causes[0]?.id ?? '').sort();
    expect(ids).toEqual([1, 2, 3].map((day) => `1970-01-0${day + 1}T03:00:00.000000Z`));
  }, 30_000);

  it.each([
    ['none', []],
    ['last', ['1970-01-05T03:00:00.000000Z']],
  ])('after a downtime of days the policy %s begins %j', async (catchUp, expected) => {
    const first = await start();
    await apply(first, CRON(`catchUp: ${catchUp} `));
    first.crash();
    await clock.advance(4 * 24 * HOUR);
    const second = await start();
    await clock.advance(1_000);
    await clock.advance(1_000);
    expect((await runsOf(second)).map(({ causes }) => causes[0]?.id)).toEqual(expected);
    expect((await triggerOf(second))?.next_time?.seconds).toBe(String(5 * 86_400 + 3 * 3_600));
  });

  it('a clock that is set back an hour repeats no tick', async () => {
    const process = await start();
    await apply(process, CRON());
    await clock.advance(3 * HOUR + 10_000);
    await clock.advance(1_000);
    expect(await runsOf(process)).toHaveLength(1);
    await clock.advance(-HOUR);
    for (let minute = 0; minute < 70; minute += 1) await clock.advance(60_000);
    expect(await runsOf(process)).toHaveLength(1);
    // even when the pipeline is applied anew while the clock is back
    await clock.advance(-HOUR);
    await apply(process, CRON().replace('nightly', 'other'));
    await apply(process, CRON());
    for (let minute = 0; minute < 70; minute += 1) await clock.advance(60_000);
    expect(await runsOf(process)).toHaveLength(1);
    expect((await triggerOf(process))?.next_time?.seconds).toBe(String(2 * 86_400 + 3 * 3_600)); // and it went on
  }, 30_000);
});
