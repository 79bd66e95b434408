import { describe, expect, it } from 'vitest';
import { AssignmentVerifier, unitHash } from '@slipway/assignments';
import { systemClock } from '@slipway/kernel';
import { MODEL } from '../testing/fake-monitor.ts';
import { routingStory } from '../testing/routing-story.ts';
import {
  AB,
  CANARY,
  CHAMPION,
  CONTROL,
  TREATMENT,
  EXPOSURES,
  LIVE,
  OBJECTIVE,
  origins,
} from '../testing/sample-requests.ts';

describe('the router over its database', () => {
  const story = routingStory();
  const { assign, create, decisions, setObjective, sharedDays, startAnother } = story;

  describe('objectives', () => {
    it('are set, read, listed, by workspace', async () => {
      const shadows = [CHAMPION];
      const { objective } = await setObjective({ unit_keys: ['origin', 'day'], shadows, description: 'leaves late' });
      expect(objective).toMatchObject({ unit_keys: ['day', 'origin'], revision: '2', shadows, experiment: '' });
      expect((await story.installation.routing.getObjective({ name: OBJECTIVE })).objective).toEqual(objective);
      expect((await story.installation.routing.listObjectives({})).objectives).toEqual([objective]);
      const other = story.installation.connect('other');
      await expect(other.getObjective({ name: OBJECTIVE })).rejects.toMatchObject({ reason: 'OBJECTIVE_NOT_FOUND' });
      await expect(setObjective({ unit_keys: ['a', 'a'] })).rejects.toMatchObject({ kind: 'invalid-argument' });
    });

    it('answer with their deployment and their shadows when no experiment runs', async () => {
      await setObjective({ shadows: [CHAMPION, LIVE, CHAMPION] });
      const [first] = await assign(origins(2));
      const expected = { experiment: '', arm: '', deployment: LIVE, propensity: 1, known: false, shadows: [CHAMPION] };
      expect(first).toMatchObject({ ...expected, unit_hash: unitHash({ origin: 'A0' }) });
      expect(await story.installation.events(EXPOSURES)).toEqual([]);
    });

    it('keep deployment and keys while an experiment runs', async () => {
      const { id } = await create(AB);
      await expect(setObjective({ deployment: CHAMPION })).rejects.toMatchObject({ reason: 'OBJECTIVE_IN_EXPERIMENT' });
      await expect(setObjective({ unit_keys: ['day'] })).rejects.toMatchObject({ reason: 'OBJECTIVE_IN_EXPERIMENT' });
      expect((await setObjective({ description: 'new' })).objective).toMatchObject({
        description: 'new',
        experiment: id,
      });
    });
  });

  describe('assignments', () => {
    it('are signed, and say what the answer says', async () => {
      const { id } = await create(AB);
      const answers = await assign(origins(50));
      const keys = async () =>
        (await story.installation.routing.getAssignmentKeys({})).keys.map((key) => ({
          keyId: key.key_id,
          publicKeyPem: key.public_key_pem,
        }));
      const verifier = new AssignmentVerifier({ keys, clock: systemClock, cacheMax: 100, refreshMs: 1_000 });
      for (const answer of answers) {
        const claims = await verifier.verify(answer.token, AbortSignal.timeout(5_000));
        expect(claims).toMatchObject({
          workspace: 'default',
          objective: OBJECTIVE,
          experiment: id,
          arm: answer.arm,
          deployment: answer.deployment,
          propensity: 0.5,
          unitHash: answer.unit_hash,
          shadows: [],
        });
        expect(claims.expiresAt - claims.issuedAt).toBe(3_600_000_000n);
      }
      expect(new Set(answers.map(({ arm }) => arm))).toEqual(new Set(['control', 'treatment']));
    });

    it('stay, are kept once, and are told once', async () => {
      const { id } = await create(AB);
      const first = await assign(origins(300));
      const other = await startAnother(2); // another process without this one's memory
      for (const routing of [story.installation.routing, other.routing]) {
        const again = await assign(origins(301), routing);
        expect(again.slice(0, 300).map(({ arm, known }) => [arm, known])).toEqual(first.map(({ arm }) => [arm, true]));
      }
      const events = await story.installation.events(EXPOSURES);
      expect(events).toMatchObject([{ experiment: id, objective: OBJECTIVE, revision: '1' }, { experiment: id }]);
      const told = events.flatMap(({ exposures }) => exposures as { unit_hash: string }[]);
      expect(told).toHaveLength(301);
      expect(new Set(told.map(({ unit_hash: hash }) => hash)).size).toBe(301);
      const { experiment } = await story.installation.routing.getRoutingExperiment({ id });
      const { control = '0', treatment = '0' } = experiment?.exposures ?? {};
      expect(Number(control) + Number(treatment)).toBe(301);
      expect(first.filter(({ arm }) => arm === 'treatment').length).toBeLessThanOrEqual(Number(treatment));
    });

    it('keep one exposure of a unit that comes twice in a call, and of calls at the same time', async () => {
      await create(AB);
      const twice = { origin: { strings: { values: ['A0', 'A0'] } } };
      const calls = await Promise.all([assign(twice), assign(origins(5)), assign(origins(5))]);
      expect(
        new Set(
          calls
            .flat()
            .filter(({ unit_hash: hash }) => hash === unitHash({ origin: 'A0' }))
            .map(({ arm }) => arm),
        ).size,
      ).toBe(1);
      const told = (await story.installation.events(EXPOSURES)).flatMap(({ exposures }) => exposures as object[]);
      expect(told).toHaveLength(5);
    });

    it('are the same whatever order the columns have', async () => {
      await setObjective({ unit_keys: ['origin', 'day'] });
      const units = { day: { timestamps: { values: ['986688000000000'] } }, origin: { strings: { values: ['JFK'] } } };
      const { assignments } = await story.installation.routing.assign({ objective: OBJECTIVE, units });
      expect(assignments[0]?.unit_hash).toBe(unitHash({ origin: 'JFK', day: 986_688_000_000_000n }));
    });

    it.each([
      ['another key', { ...origins(1), day: { integers: { values: ['1'] } } }, 'units[day]'],
      ['a missing key', { day: { integers: { values: ['1'] } } }, 'units[day]'],
      ['decimals', { origin: { numbers: { values: [1.5] } } }, 'units[origin]'],
      ['a null', { origin: { strings: { values: ['A', ''] }, nulls: [false, true] } }, 'units[origin]'],
      ['no units', { origin: { strings: { values: [] } } }, 'units[origin]'],
      ['too many units', origins(1001), 'units[origin]'],
      ['nothing', { origin: {} }, 'units[origin]'],
    ])('refuse %s', async (_, units, field) => {
      await expect(story.installation.routing.assign({ objective: OBJECTIVE, units })).rejects.toMatchObject({
        kind: 'invalid-argument',
        violations: [{ field: expect.stringContaining(field) as string }],
      });
    });
  });

  describe('creation of an experiment', () => {
    it('begins it, tells it, and gives a repeated request the first answer', async () => {
      const request = { ...AB, request_id: 'r1' };
      const experiment = await create(request);
      expect(experiment).toMatchObject({
        state: 'EXPERIMENT_STATE_RUNNING',
        revision: '1',
        hash_version: 1,
        principal: 'alice',
        exposures: { control: '0', treatment: '0' },
        policy: { alpha: 0.05, days_min: 5, coverage_min: 0.9, step_days: 2, guardrail_days: 90 },
      });
      expect(await decisions()).toEqual([['started', 500]]);
      story.registry.set('champion', '7');
      expect(await create(request)).toEqual(experiment);
      await expect(create(AB)).rejects.toMatchObject({ reason: 'OBJECTIVE_IN_EXPERIMENT' });
    });

    it.each([
      ['weights', { ...AB, arms: [CONTROL, { ...TREATMENT, weight: 400 }] }, 'arms'],
      ['one arm', { ...AB, arms: [CONTROL] }, 'arms'],
      ['names', { ...AB, arms: [CONTROL, { ...TREATMENT, name: 'control' }] }, 'arms[1].name'],
      ['a control that does not answer', { ...AB, arms: [TREATMENT, { ...CONTROL, name: 'x' }] }, 'arms[0].deployment'],
      ['a metric', { ...AB, policy: { metric: 'auc' } }, 'policy.metric'],
      ['steps of an A/B test', { ...AB, policy: { metric: 'brier', steps: [5] } }, 'policy.steps'],
      ['a canary without steps', { ...CANARY, policy: { metric: 'brier' } }, 'policy.steps'],
      ['steps that shrink', { ...CANARY, policy: { metric: 'brier', steps: [5, 5] } }, 'policy.steps[1]'],
      ['an end before the first decision', { ...AB, policy: { metric: 'brier', days_max: 3 } }, 'policy.days_max'],
      ['alpha', { ...AB, policy: { metric: 'brier', alpha: 0.9 } }, 'policy.alpha'],
      [
        'another model for the alias',
        { ...AB, arms: [CONTROL, { ...TREATMENT, deployment: { model: 'm', alias: 'a' } }] },
        'policy.alias',
      ],
    ])('refuses %s', async (_, request, field) => {
      await expect(create(request)).rejects.toMatchObject({ kind: 'invalid-argument', violations: [{ field }] });
      expect(await decisions()).toEqual([]);
    });

    it('refuses an arm that names no version', async () => {
      const arms = [CONTROL, { ...TREATMENT, deployment: { model: MODEL, alias: 'nobody' } }];
      await expect(create({ ...AB, arms })).rejects.toMatchObject({ reason: 'ARM_NOT_DEPLOYED' });
    });
  });

  it('looks by itself at experiments that are not manual, and keeps news only', async () => {
    await story.restart({ analyzeEveryMs: 20 });
    const { id } = await create({ ...AB, manual: false });
    const manual = 'left-alone';
    await setObjective({ name: manual });
    const { id: alone } = await create({ ...AB, objective: manual });
    sharedDays(1, 4, 0.03);
    const stateOf = async (experiment: string) =>
      (await story.installation.routing.getRoutingExperiment({ id: experiment })).experiment;
    await expect.poll(async () => (await stateOf(id))?.analysis?.complete_days).toBe(4);
    const asked = story.monitor.requests.length;
    await expect.poll(() => story.monitor.requests.length).toBeGreaterThan(asked + 2);
    expect((await story.installation.routing.listAnalyses({ id })).analyses.length).toBeLessThanOrEqual(2);
    sharedDays(5, 6, 0.03);
    await expect.poll(async () => (await stateOf(id))?.state).toBe('EXPERIMENT_STATE_DECIDED');
    expect((await stateOf(alone))?.analysis).toBeNull();
  });
});
