import { describe, expect, it } from 'vitest';
import { FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import { testCaller } from '@slipway/persistence/testing';
import { MODEL } from '../testing/fake-monitor.ts';
import { routingStory } from '../testing/routing-story.ts';
import {
  AB,
  CANARY,
  CHAMPION,
  DECISIONS,
  LIVE,
  OBJECTIVE,
  dayName,
  endOf,
  origins,
} from '../testing/sample-requests.ts';

describe('decisions of the router', () => {
  const story = routingStory();
  const { analyze, assign, create, decisions, pairedDays, setObjective, sharedDays, startAnother } = story;

  describe('an A/B test', () => {
    it('decides for the better arm, moves the alias, and serves it', async () => {
      const { id } = await create(AB);
      await assign(origins(400));
      sharedDays(1, 8, 0.03);
      for (let day = 1; day <= 5; day += 1) {
        expect(await analyze(id, day)).toMatchObject({
          state: 'EXPERIMENT_STATE_RUNNING',
          analysis: { verdict: 'continue', complete_days: day, as_of: endOf(day), winner: '' },
        });
      }
      const done = await analyze(id, 6);
      expect(done).toMatchObject({
        state: 'EXPERIMENT_STATE_DECIDED',
        decision_error: '',
        end_time: endOf(6),
        analysis: { verdict: 'decide', winner: 'treatment', complete_days: 6 },
      });
      expect(done.analysis?.upper).toBeLessThan(0);
      expect(done.analysis?.difference).toBeCloseTo(-0.03, 2);
      expect(story.registry.versionOf('live')).toBe('2');
      expect(story.registry.moves).toMatchObject([
        { model: MODEL, alias: 'live', version: '2', request_id: `decision-${id}` },
      ]);
      expect(await decisions()).toEqual([
        ['started', 500],
        ['decided', 1000],
      ]);
      expect((await story.installation.events(DECISIONS)).at(-1)).toMatchObject({
        alias: 'live',
        version: '2',
        arm: 'treatment',
      });
      expect(await assign(origins(1))).toMatchObject([{ experiment: '', deployment: LIVE, known: false }]);
      await create({ ...AB, name: 'next' }); // the objective is free again
    });

    it('asks the monitor for what the arms answered', async () => {
      const { id } = await create(AB);
      await analyze(id, 2);
      expect(story.monitor.requests).toMatchObject([
        { objective: OBJECTIVE, experiment: id, until: endOf(2), paired: false },
      ]);
    });

    it('keeps control when it is the better one', async () => {
      const { id } = await create(AB);
      sharedDays(1, 8, -0.03);
      expect(await analyze(id, 8)).toMatchObject({
        state: 'EXPERIMENT_STATE_DECIDED',
        analysis: { winner: 'control', complete_days: 7 },
      });
      expect(story.registry.moves).toEqual([]);
      expect(await decisions()).toEqual([
        ['started', 500],
        ['decided', 0],
      ]);
    });

    it('ends undecided after its last day', async () => {
      const { id } = await create(AB);
      for (let day = 1; day <= 14; day += 1) sharedDays(day, day, day % 2 === 0 ? 0.02 : -0.02);
      expect(await analyze(id, 13)).toMatchObject({ state: 'EXPERIMENT_STATE_RUNNING' });
      expect(await analyze(id, 20)).toMatchObject({
        state: 'EXPERIMENT_STATE_UNDECIDED',
        analysis: { verdict: 'undecided', complete_days: 14 },
      });
      expect((await story.installation.routing.getObjective({ name: OBJECTIVE })).objective?.experiment).toBe('');
    });

    it('waits for the first day that misses outcomes, and uses none after it', async () => {
      const { id } = await create(AB);
      sharedDays(1, 2, 0.03);
      story.monitor.addShared(dayName(3), {
        control: { version: '1', loss: 0.4, rows: 100, labelled: 89 },
        treatment: { version: '2', loss: 0.4, rows: 100, labelled: 100 },
      });
      sharedDays(4, 6, 0.03);
      const { analysis } = await analyze(id, 6);
      expect(analysis?.complete_days).toBe(2);
      expect(analysis?.days.map(({ day, complete }) => [day, complete])).toEqual(
        [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6].map((day) => [dayName(day), day <= 2]),
      );
    });

    it('passes over days on which an arm has no rows', async () => {
      const { id } = await create(AB);
      sharedDays(1, 1, 0.03);
      story.monitor.addShared(dayName(2), { control: { version: '1', loss: 0.4 } });
      sharedDays(4, 5, 0.03);
      expect((await analyze(id, 5)).analysis?.complete_days).toBe(3);
    });

    it('leaves out days before its start, days that have not ended, and rows of another version', async () => {
      const { id } = await create(AB);
      sharedDays(-2, 4, 0.03);
      story.monitor.addShared(dayName(2), { treatment: { version: '9', loss: 99 } });
      const { analysis } = await analyze(id, 3);
      expect(analysis?.complete_days).toBe(3);
      expect(analysis?.days[0]?.day).toBe(dayName(1));
      expect(Math.abs(analysis?.difference ?? 9)).toBeLessThan(0.1);
    });

    it('never changes a day that it has used, nor an analysis', async () => {
      const { id } = await create(AB);
      sharedDays(1, 3, 0.03);
      const { analysis: before } = await analyze(id, 3);
      story.monitor.days = [];
      sharedDays(1, 4, -0.5); // outcomes were corrected
      expect((await analyze(id, 3)).analysis).toEqual(before);
      const { analysis: after } = await analyze(id, 4);
      expect(after?.days.slice(0, 6)).toEqual(before?.days);
      expect(after?.complete_days).toBe(4);
      await expect(analyze(id, 2)).rejects.toMatchObject({ reason: 'ANALYSIS_OUT_OF_ORDER' });
      const { analyses } = await story.installation.routing.listAnalyses({ id });
      expect(analyses.map(({ as_of: asOf, complete_days: days }) => [asOf, days])).toEqual([
        [endOf(4), 4],
        [endOf(3), 3],
      ]);
      expect(analyses[1]).toEqual({ ...before, days: [] });
    });

    it('decides the same however often one looks', async () => {
      const { id } = await create(AB);
      sharedDays(1, 12, 0.03);
      const once = await analyze(id, 12);
      expect(once).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED', analysis: { complete_days: 6 } });
    });

    it('decides nothing when units are not shared as intended', async () => {
      const { id } = await create(AB);
      await assign(origins(200));
      await story.installation.unitOfWork.run({ caller: testCaller(), requestId: 'x' }, ({ sql }) =>
        sql.run('update routing_exposure_count set control = 9000, treatment = 8000'),
      );
      sharedDays(1, 8, 0.03);
      expect(await analyze(id, 8)).toMatchObject({
        state: 'EXPERIMENT_STATE_RUNNING',
        analysis: { verdict: 'sample_ratio_mismatch', complete_days: 8, winner: '' },
      });
      expect(story.registry.moves).toEqual([]);
    });

    it('has decided when the alias is refused, and tries again', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      story.registry.refusal = new FailedPreconditionError('approvals are missing', { reason: 'ALIAS_MOVE_REFUSED' });
      expect(await analyze(id, 6)).toMatchObject({
        state: 'EXPERIMENT_STATE_DECIDED',
        decision_error: 'approvals are missing',
      });
      expect((await story.installation.events(DECISIONS)).at(-1)).toMatchObject({
        decision: 'decided',
        alias: '',
        version: '0',
      });
      await analyze(id, 6);
      expect(await decisions()).toHaveLength(2);
      story.registry.refusal = undefined;
      expect(await analyze(id, 7)).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED', decision_error: '' });
      expect(story.registry.versionOf('live')).toBe('2');
      expect((await story.installation.events(DECISIONS)).at(-1)).toMatchObject({
        decision: 'decided',
        alias: 'live',
        version: '2',
      });
      expect(story.registry.moves.map(({ request_id: requestId }) => requestId)).toEqual(
        Array.from({ length: 3 }, () => `decision-${id}`),
      );
      await analyze(id, 8);
      expect(story.registry.moves).toHaveLength(3);
    });

    it('does not take back what somebody moved meanwhile', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      story.registry.set('live', '5');
      const done = await analyze(id, 6);
      expect(done.state).toBe('EXPERIMENT_STATE_DECIDED');
      expect(done.decision_error).toContain('has moved');
      expect(story.registry.versionOf('live')).toBe('5');
    });

    it('finishes a decision whose registry was away', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      story.registry.refusal = new UnavailableError('the registry is away');
      await expect(analyze(id, 6)).rejects.toMatchObject({ kind: 'unavailable' });
      expect((await story.installation.routing.getRoutingExperiment({ id })).experiment?.state).toBe(
        'EXPERIMENT_STATE_RUNNING',
      );
      expect(await decisions()).toHaveLength(1);
      story.registry.refusal = undefined;
      story.monitor.days = [];
      expect(await analyze(id, 6)).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED' });
      expect(story.registry.versionOf('live')).toBe('2');
    });

    it('is decided once by two processes at a time', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      const other = await startAnother(3);
      const looks = [story.installation.routing, other.routing, story.installation.routing].map((routing) =>
        routing.analyzeExperiment({ id, as_of: endOf(6) }),
      );
      for (const { experiment } of await Promise.all(looks)) {
        expect(experiment).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED' });
      }
      expect(await decisions()).toEqual([
        ['started', 500],
        ['decided', 1000],
      ]);
    });

    it('goes on when the monitor was away', async () => {
      const { id } = await create(AB);
      story.monitor.failure = new UnavailableError('the monitor is away');
      await expect(analyze(id, 1)).rejects.toMatchObject({ kind: 'unavailable' });
      story.monitor.failure = undefined;
      sharedDays(1, 1, 0.03);
      expect((await analyze(id, 1)).analysis?.complete_days).toBe(1);
    });

    it('is stopped once', async () => {
      const { id } = await create(AB);
      await assign(origins(5));
      const stopped = await story.installation.routing.stopRoutingExperiment({ id });
      expect(stopped.experiment).toMatchObject({ state: 'EXPERIMENT_STATE_STOPPED' });
      expect(await story.installation.routing.stopRoutingExperiment({ id })).toEqual(stopped);
      expect(await decisions()).toEqual([
        ['started', 500],
        ['stopped', 0],
      ]);
      expect(await assign(origins(1))).toMatchObject([{ experiment: '', deployment: LIVE }]);
      sharedDays(1, 6, 0.03);
      expect(await analyze(id, 6)).toEqual(stopped.experiment);
    });
  });

  describe('a canary', () => {
    const treated = async () =>
      new Set(
        (await assign(origins(1000))).filter(({ arm }) => arm === 'treatment').map(({ unit_hash: hash }) => hash),
      );

    it('grows in steps, is watched, and takes over', async () => {
      const { id } = await create(CANARY);
      const first = await treated();
      expect(first.size).toBeGreaterThan(20);
      expect(first.size).toBeLessThan(90);
      pairedDays(1, 20, -0.001);
      expect((await analyze(id, 1)).step).toBe(0);
      expect(await analyze(id, 2)).toMatchObject({ step: 1, revision: '2', arms: [{ weight: 500 }, { weight: 500 }] });
      const second = await treated();
      expect(second.size).toBeGreaterThan(400);
      expect([...first].filter((hash) => !second.has(hash))).toEqual([]);
      expect((await analyze(id, 3)).step).toBe(1);
      expect((await analyze(id, 4)).step).toBe(2);
      expect((await treated()).size).toBe(1000);
      expect((await analyze(id, 6)).state).toBe('EXPERIMENT_STATE_WATCHING');
      expect((await treated()).size).toBe(1000);
      expect((await analyze(id, 8)).state).toBe('EXPERIMENT_STATE_WATCHING');
      expect(await analyze(id, 9)).toMatchObject({
        state: 'EXPERIMENT_STATE_DECIDED',
        analysis: { winner: 'treatment' },
      });
      expect(story.registry.versionOf('live')).toBe('2');
      expect(await decisions()).toEqual([
        ['started', 50],
        ['next_step', 500],
        ['next_step', 1000],
        ['watching', 1000],
        ['decided', 1000],
      ]);
    });

    it('scores the rows of the other arm as well', async () => {
      await setObjective({ shadows: [{ model: MODEL, alias: 'candidate' }] });
      await create({ ...CANARY, policy: { ...CANARY.policy, steps: [500] } });
      for (const { arm, shadows } of await assign(origins(20))) {
        expect(shadows).toEqual([arm === 'control' ? CHAMPION : LIVE, { model: MODEL, alias: 'candidate' }]);
      }
    });

    it('asks the monitor for the versions that the arms had at its start', async () => {
      const { id } = await create(CANARY);
      story.registry.set('champion', '3');
      await analyze(id, 1);
      expect(story.monitor.requests).toMatchObject([
        {
          paired: true,
          versions: [
            { model: MODEL, version: '1' },
            { model: MODEL, version: '2' },
          ],
        },
      ]);
    });

    it('gives everybody the control from the next call on once it is rolled back', async () => {
      const { id } = await create({
        ...CANARY,
        policy: { ...CANARY.policy, steps: [500], step_days: 3, tolerance: 0.01 },
      });
      expect((await treated()).size).toBeGreaterThan(0);
      pairedDays(1, 1, 0);
      pairedDays(2, 3, 0.03); // three tolerances: two days are promised
      expect((await analyze(id, 2)).state).toBe('EXPERIMENT_STATE_RUNNING');
      const done = await analyze(id, 3);
      expect(done).toMatchObject({
        state: 'EXPERIMENT_STATE_ROLLED_BACK',
        analysis: { verdict: 'roll_back', winner: 'control', guardrail_threshold: 90 },
      });
      expect(done.analysis?.guardrail).toBeGreaterThanOrEqual(90);
      const other = await startAnother(2);
      for (const routing of [story.installation.routing, other.routing]) {
        const answers = await assign(origins(1000), routing);
        expect(new Set(answers.map(({ deployment }) => deployment?.alias))).toEqual(new Set(['live']));
      }
      expect(story.registry.moves).toEqual([]);
      expect((await decisions()).at(-1)).toEqual(['rolled_back', 0]);
    });

    it('takes its tolerance from the first complete day', async () => {
      const { id } = await create(CANARY);
      expect((await analyze(id, 0)).policy?.tolerance).toBe(0);
      pairedDays(1, 1, 0.002);
      expect((await analyze(id, 1)).policy?.tolerance).toBeCloseTo(0.004, 12);
      story.monitor.addPaired(dayName(2), { 1: { loss: 4 }, 2: { loss: 4 } });
      expect((await analyze(id, 2)).policy?.tolerance).toBeCloseTo(0.004, 12);
    });
  });
});
