import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock, sqliteDatabases } from '@slipway/persistence/testing';
import { createTestProcess, isFinalRun, openPipelineStore, stepStates } from '../../testing/pipeline-installation.ts';
import { taskPipeline, TaskWorld, type TaskPlan } from '../../testing/task-kind.ts';

interface Plan {
  readonly steps: readonly { readonly name: string; readonly needs: readonly string[]; readonly plan: TaskPlan }[];
  /** Numbers of calls after which the process that made them dies. */
  readonly deaths: readonly number[];
  /** Milliseconds after which whatever process drives dies. */
  readonly interruptions: readonly number[];
}

const plan = (failing: TaskPlan['failing'], takesMs: number): TaskPlan =>
  failing === undefined ? { takesMs } : { failing, takesMs };

const plans: fc.Arbitrary<Plan> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(11), { maxLength: 3 }),
      failing: fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        { weight: 2, arbitrary: fc.constantFrom<TaskPlan['failing']>(1, 2) },
        { weight: 1, arbitrary: fc.constantFrom<TaskPlan['failing']>('always', 'for-good') },
      ),
      takesMs: fc.constantFrom(0, 200, 3_000),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .chain((drawn) =>
    fc.record({
      steps: fc.constant(
        drawn.map(({ needs, failing, takesMs }, index) => ({
          name: `s${index}`,
          // only earlier ones: no circles
          needs: index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))],
          plan: plan(failing, takesMs),
        })),
      ),
      deaths: fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { maxLength: 3 }),
      interruptions: fc.array(fc.integer({ min: 100, max: 20_000 }), { maxLength: 3 }),
    }),
  );

/** The ten-line model: what each step comes to, whatever dies meanwhile. */
function model({ steps }: Plan): Record<string, string> {
  const states: Record<string, string> = {};
  for (const { name, needs, plan: { failing } } of steps) {
    const isReached = needs.every((need) => states[need] === 'succeeded');
    const isBroken = failing === 'always' || failing === 'for-good';
    states[name] = !isReached ? 'skipped' : isBroken ? 'failed' : 'succeeded';
  }
  return states;
} // prettier-ignore

async function play(drawn: Plan): Promise<{ world: TaskWorld; states: Record<string, string>; state: string }> {
  const databases = await sqliteDatabases();
  const clock = new ManualClock();
  const store = await openPipelineStore(databases, clock);
  const world = new TaskWorld();
  for (const { name, plan: todo } of drawn.steps) world.plans.set(name, todo);
  const born = [createTestProcess({ store, clock, kinds: world.kinds })];
  // answers calls and drives nothing: what is asked is never cut off by a death
  const { pipelines } = createTestProcess({ store, clock, kinds: world.kinds });
  const alive = () => born.at(-1) ?? born[0]!;
  const deaths = new Set(drawn.deaths);
  world.afterEffect = (_, call) => {
    if (deaths.delete(call)) alive().crash();
  };
  await alive().start();
  await pipelines.applyPipeline({ content: taskPipeline('p', drawn.steps) });
  const id = (await pipelines.startPipelineRun({ pipeline: 'p' })).run?.id ?? '';
  const interruptions = [...drawn.interruptions];
  let elapsed = 0;
  try {
    for (let round = 0; round < 2_000; round += 1) {
      await clock.advance(500);
      elapsed += 500;
      if (interruptions[0] !== undefined && elapsed >= interruptions[0]) {
        interruptions.shift();
        elapsed = 0;
        alive().crash();
      }
      if (alive().isDead) {
        born.push(createTestProcess({ store, clock, kinds: world.kinds }));
        await alive().start();
      }
      const { run } = await pipelines.getPipelineRun({ id });
      if (run && isFinalRun(run)) return { world, states: stepStates(run), state: run.state };
    }
    throw new Error('the run did not end');
  } finally {
    const stopped = Promise.all(born.map((process) => process.stop()));
    for (let round = 0; round < 5; round += 1) await clock.advance(60_000);
    await stopped;
    await store.database.close();
    await databases.stop();
  }
}

describe('for all pipelines, failures and deaths of processes', () => {
  it('a run comes to the end that the model says, with each effect under one request id', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (drawn) => {
        const { world, states, state } = await play(drawn);
        const expected = model(drawn);
        expect(states).toEqual(expected);
        const isBroken = Object.values(expected).includes('failed');
        expect(state).toBe(isBroken ? 'PIPELINE_RUN_STATE_FAILED' : 'PIPELINE_RUN_STATE_SUCCEEDED');
        for (const { name, needs } of drawn.steps) {
          // never begun when it must not be; otherwise the same work each time it was begun
          expect(world.effects.get(name)?.size ?? 0, name).toBe(expected[name] === 'skipped' ? 0 : 1);
          for (const need of needs) {
            const [own, before] = [world.calls.indexOf(name), world.calls.indexOf(need)];
            if (own >= 0) expect(own, `${name} after ${need}`).toBeGreaterThan(before);
          }
        }
      }),
      { numRuns: 40, seed: 18, endOnFailure: false },
    );
  }, 120_000);
});
