import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AssignmentVerifier, unitHash } from '@slipway/assignments';
import { FailedPreconditionError, UnavailableError, systemClock } from '@slipway/kernel';
import { sqliteDatabases, testCaller, type TestDatabases } from '@slipway/persistence/testing';
import { temporaryDirectory } from '@slipway/testing';
import type { CreateRoutingExperimentRequest } from '@slipway/contracts/slipway.routing.v1';
import type { DatabaseTarget } from '@slipway/persistence';
import { FakeMonitor, MODEL } from '../testing/fake-monitor.ts';
import { FakeRegistry } from '../testing/fake-registry.ts';
import { startRouting, type RoutingInstallation } from '../testing/routing-installation.ts';

const OBJECTIVE = 'late-departure';
const DECISIONS = 'slipway.routing.decision.made.v1';
const EXPOSURES = 'slipway.routing.exposure.logged.v1';
const LIVE = { model: MODEL, alias: 'live' };
const CHAMPION = { model: MODEL, alias: 'champion' };
const START = Date.parse('2001-04-08T00:00:00Z') / 1000;
/** Midnight at the end of the nth day, counted from 1. */
const endOf = (day: number) => ({ seconds: String(START + day * 86_400), nanos: 0 });
const dayName = (day: number): string => new Date((START + (day - 1) * 86_400) * 1000).toISOString().slice(0, 10);

const origins = (count: number, prefix = 'A') => ({
  origin: { strings: { values: Array.from({ length: count }, (_, index) => `${prefix}${index}`) } },
});

const CONTROL = { name: 'control', deployment: LIVE, weight: 500 };
const TREATMENT = { name: 'treatment', deployment: CHAMPION, weight: 500 };

const AB = {
  name: 'with-delays',
  objective: OBJECTIVE,
  kind: 'EXPERIMENT_KIND_AB',
  arms: [CONTROL, TREATMENT],
  policy: { metric: 'log_loss', alias: 'live', days_max: 14 },
  salt: 'salt-1',
  manual: true,
  start_time: { seconds: String(START), nanos: 0 },
} satisfies CreateRoutingExperimentRequest;

const CANARY = {
  ...AB,
  name: 'retrained',
  kind: 'EXPERIMENT_KIND_CANARY',
  policy: { metric: 'log_loss', alias: 'live', steps: [50, 500, 1000], step_days: 2, days_max: 3 },
} satisfies CreateRoutingExperimentRequest;

describe('the router over its database', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let target: DatabaseTarget;
  let registry: FakeRegistry;
  let monitor: FakeMonitor;
  let installation: RoutingInstallation;
  const more: RoutingInstallation[] = [];

  const start = async (options: object = {}) =>
    startRouting({ directory: directory.path, target, registry, monitor, ...options });
  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    target = await databases.fresh();
    registry = new FakeRegistry({ live: '1', champion: '2' });
    monitor = new FakeMonitor();
    installation = await start();
    await setObjective();
  });
  afterEach(async () => {
    for (const each of [installation, ...more.splice(0)]) await each.stop();
    await databases.stop();
    directory.remove();
  });

  const setObjective = (fields: object = {}) =>
    installation.routing.setObjective({ name: OBJECTIVE, deployment: LIVE, unit_keys: ['origin'], ...fields });
  const create = async (request: CreateRoutingExperimentRequest) => {
    const { experiment } = await installation.routing.createRoutingExperiment(request);
    if (!experiment) throw new Error('no experiment');
    return experiment;
  };
  const assign = async (units: ReturnType<typeof origins>, routing = installation.routing) =>
    (await routing.assign({ objective: OBJECTIVE, units })).assignments;
  const analyze = async (id: string, day: number) => {
    const { experiment } = await installation.routing.analyzeExperiment({ id, as_of: endOf(day) });
    if (!experiment) throw new Error('no experiment');
    return experiment;
  };
  const decisions = async () =>
    (await installation.events(DECISIONS)).map(({ decision, weight }) => [decision, weight]);
  /** Days of an A/B test on which the treatment is better by `gain`. */
  const sharedDays = (from: number, to: number, gain: number): void => {
    for (let day = from; day <= to; day += 1) {
      const weather = 0.4 + 0.1 * Math.sin(day);
      monitor.addShared(dayName(day), {
        control: { version: '1', loss: weather + 0.01 * Math.cos(3 * day), reference: weather },
        treatment: { version: '2', loss: weather - gain, reference: weather },
      });
    }
  };
  const pairedDays = (from: number, to: number, worsening: number): void => {
    for (let day = from; day <= to; day += 1) {
      monitor.addPaired(dayName(day), { 1: { loss: 0.4 }, 2: { loss: 0.4 + worsening } });
    }
  };

  describe('objectives', () => {
    it('are set, read, listed, by workspace', async () => {
      const shadows = [CHAMPION];
      const { objective } = await setObjective({ unit_keys: ['origin', 'day'], shadows, description: 'leaves late' });
      expect(objective).toMatchObject({ unit_keys: ['day', 'origin'], revision: '2', shadows, experiment: '' });
      expect((await installation.routing.getObjective({ name: OBJECTIVE })).objective).toEqual(objective);
      expect((await installation.routing.listObjectives({})).objectives).toEqual([objective]);
      const other = installation.connect('other');
      await expect(other.getObjective({ name: OBJECTIVE })).rejects.toMatchObject({ reason: 'OBJECTIVE_NOT_FOUND' });
      await expect(setObjective({ unit_keys: ['a', 'a'] })).rejects.toMatchObject({ kind: 'invalid-argument' });
    });

    it('answer with their deployment and their shadows when no experiment runs', async () => {
      await setObjective({ shadows: [CHAMPION, LIVE, CHAMPION] });
      const [first] = await assign(origins(2));
      const expected = { experiment: '', arm: '', deployment: LIVE, propensity: 1, known: false, shadows: [CHAMPION] };
      expect(first).toMatchObject({ ...expected, unit_hash: unitHash({ origin: 'A0' }) });
      expect(await installation.events(EXPOSURES)).toEqual([]);
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
        (await installation.routing.getAssignmentKeys({})).keys.map((key) => ({
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
      more.push(await start({ seed: 2 })); // another process without this one's memory
      for (const routing of [installation.routing, more[0]?.routing ?? installation.routing]) {
        const again = await assign(origins(301), routing);
        expect(again.slice(0, 300).map(({ arm, known }) => [arm, known])).toEqual(first.map(({ arm }) => [arm, true]));
      }
      const events = await installation.events(EXPOSURES);
      expect(events).toMatchObject([{ experiment: id, objective: OBJECTIVE, revision: '1' }, { experiment: id }]);
      const told = events.flatMap(({ exposures }) => exposures as { unit_hash: string }[]);
      expect(told).toHaveLength(301);
      expect(new Set(told.map(({ unit_hash: hash }) => hash)).size).toBe(301);
      const { experiment } = await installation.routing.getRoutingExperiment({ id });
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
      const told = (await installation.events(EXPOSURES)).flatMap(({ exposures }) => exposures as object[]);
      expect(told).toHaveLength(5);
    });

    it('are the same whatever order the columns have', async () => {
      await setObjective({ unit_keys: ['origin', 'day'] });
      const units = { day: { timestamps: { values: ['986688000000000'] } }, origin: { strings: { values: ['JFK'] } } };
      const { assignments } = await installation.routing.assign({ objective: OBJECTIVE, units });
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
      await expect(installation.routing.assign({ objective: OBJECTIVE, units })).rejects.toMatchObject({
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
      registry.set('champion', '7');
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
      expect(registry.versionOf('live')).toBe('2');
      expect(registry.moves).toMatchObject([
        { model: MODEL, alias: 'live', version: '2', request_id: `decision-${id}` },
      ]);
      expect(await decisions()).toEqual([
        ['started', 500],
        ['decided', 1000],
      ]);
      expect((await installation.events(DECISIONS)).at(-1)).toMatchObject({
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
      expect(monitor.requests).toMatchObject([
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
      expect(registry.moves).toEqual([]);
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
      expect((await installation.routing.getObjective({ name: OBJECTIVE })).objective?.experiment).toBe('');
    });

    it('waits for the first day that misses outcomes, and uses none after it', async () => {
      const { id } = await create(AB);
      sharedDays(1, 2, 0.03);
      monitor.addShared(dayName(3), {
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
      monitor.addShared(dayName(2), { control: { version: '1', loss: 0.4 } });
      sharedDays(4, 5, 0.03);
      expect((await analyze(id, 5)).analysis?.complete_days).toBe(3);
    });

    it('leaves out days before its start, days that have not ended, and rows of another version', async () => {
      const { id } = await create(AB);
      sharedDays(-2, 4, 0.03);
      monitor.addShared(dayName(2), { treatment: { version: '9', loss: 99 } });
      const { analysis } = await analyze(id, 3);
      expect(analysis?.complete_days).toBe(3);
      expect(analysis?.days[0]?.day).toBe(dayName(1));
      expect(Math.abs(analysis?.difference ?? 9)).toBeLessThan(0.1);
    });

    it('never changes a day that it has used, nor an analysis', async () => {
      const { id } = await create(AB);
      sharedDays(1, 3, 0.03);
      const { analysis: before } = await analyze(id, 3);
      monitor.days = [];
      sharedDays(1, 4, -0.5); // outcomes were corrected
      expect((await analyze(id, 3)).analysis).toEqual(before);
      const { analysis: after } = await analyze(id, 4);
      expect(after?.days.slice(0, 6)).toEqual(before?.days);
      expect(after?.complete_days).toBe(4);
      await expect(analyze(id, 2)).rejects.toMatchObject({ reason: 'ANALYSIS_OUT_OF_ORDER' });
      const { analyses } = await installation.routing.listAnalyses({ id });
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
      await installation.unitOfWork.run({ caller: testCaller(), requestId: 'x' }, ({ sql }) =>
        sql.run('update routing_exposure_count set control = 9000, treatment = 8000'),
      );
      sharedDays(1, 8, 0.03);
      expect(await analyze(id, 8)).toMatchObject({
        state: 'EXPERIMENT_STATE_RUNNING',
        analysis: { verdict: 'sample_ratio_mismatch', complete_days: 8, winner: '' },
      });
      expect(registry.moves).toEqual([]);
    });

    it('has decided when the alias is refused, and tries again', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      registry.refusal = new FailedPreconditionError('approvals are missing', { reason: 'ALIAS_MOVE_REFUSED' });
      expect(await analyze(id, 6)).toMatchObject({
        state: 'EXPERIMENT_STATE_DECIDED',
        decision_error: 'approvals are missing',
      });
      expect((await installation.events(DECISIONS)).at(-1)).toMatchObject({
        decision: 'decided',
        alias: '',
        version: '0',
      });
      await analyze(id, 6);
      expect(await decisions()).toHaveLength(2);
      registry.refusal = undefined;
      expect(await analyze(id, 7)).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED', decision_error: '' });
      expect(registry.versionOf('live')).toBe('2');
      expect((await installation.events(DECISIONS)).at(-1)).toMatchObject({
        decision: 'decided',
        alias: 'live',
        version: '2',
      });
      expect(registry.moves.map(({ request_id: requestId }) => requestId)).toEqual(
        Array.from({ length: 3 }, () => `decision-${id}`),
      );
      await analyze(id, 8);
      expect(registry.moves).toHaveLength(3);
    });

    it('does not take back what somebody moved meanwhile', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      registry.set('live', '5');
      const done = await analyze(id, 6);
      expect(done.state).toBe('EXPERIMENT_STATE_DECIDED');
      expect(done.decision_error).toContain('has moved');
      expect(registry.versionOf('live')).toBe('5');
    });

    it('finishes a decision whose registry was away', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      registry.refusal = new UnavailableError('the registry is away');
      await expect(analyze(id, 6)).rejects.toMatchObject({ kind: 'unavailable' });
      expect((await installation.routing.getRoutingExperiment({ id })).experiment?.state).toBe(
        'EXPERIMENT_STATE_RUNNING',
      );
      expect(await decisions()).toHaveLength(1);
      registry.refusal = undefined;
      monitor.days = [];
      expect(await analyze(id, 6)).toMatchObject({ state: 'EXPERIMENT_STATE_DECIDED' });
      expect(registry.versionOf('live')).toBe('2');
    });

    it('is decided once by two processes at a time', async () => {
      const { id } = await create(AB);
      sharedDays(1, 6, 0.03);
      const other = await start({ seed: 3 });
      more.push(other);
      const looks = [installation.routing, other.routing, installation.routing].map((routing) =>
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
      monitor.failure = new UnavailableError('the monitor is away');
      await expect(analyze(id, 1)).rejects.toMatchObject({ kind: 'unavailable' });
      monitor.failure = undefined;
      sharedDays(1, 1, 0.03);
      expect((await analyze(id, 1)).analysis?.complete_days).toBe(1);
    });

    it('is stopped once', async () => {
      const { id } = await create(AB);
      await assign(origins(5));
      const stopped = await installation.routing.stopRoutingExperiment({ id });
      expect(stopped.experiment).toMatchObject({ state: 'EXPERIMENT_STATE_STOPPED' });
      expect(await installation.routing.stopRoutingExperiment({ id })).toEqual(stopped);
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
      expect(registry.versionOf('live')).toBe('2');
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
      registry.set('champion', '3');
      await analyze(id, 1);
      expect(monitor.requests).toMatchObject([
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
      const other = await start({ seed: 2 });
      more.push(other);
      for (const routing of [installation.routing, other.routing]) {
        const answers = await assign(origins(1000), routing);
        expect(new Set(answers.map(({ deployment }) => deployment?.alias))).toEqual(new Set(['live']));
      }
      expect(registry.moves).toEqual([]);
      expect((await decisions()).at(-1)).toEqual(['rolled_back', 0]);
    });

    it('takes its tolerance from the first complete day', async () => {
      const { id } = await create(CANARY);
      expect((await analyze(id, 0)).policy?.tolerance).toBe(0);
      pairedDays(1, 1, 0.002);
      expect((await analyze(id, 1)).policy?.tolerance).toBeCloseTo(0.004, 12);
      monitor.addPaired(dayName(2), { 1: { loss: 4 }, 2: { loss: 4 } });
      expect((await analyze(id, 2)).policy?.tolerance).toBeCloseTo(0.004, 12);
    });
  });

  it('looks by itself at experiments that are not manual, and keeps news only', async () => {
    await installation.stop();
    installation = await start({ limits: { analyzeEveryMs: 20 } });
    const { id } = await create({ ...AB, manual: false });
    const manual = 'left-alone';
    await setObjective({ name: manual });
    const { id: alone } = await create({ ...AB, objective: manual });
    sharedDays(1, 4, 0.03);
    const stateOf = async (experiment: string) =>
      (await installation.routing.getRoutingExperiment({ id: experiment })).experiment;
    await expect.poll(async () => (await stateOf(id))?.analysis?.complete_days).toBe(4);
    const asked = monitor.requests.length;
    await expect.poll(() => monitor.requests.length).toBeGreaterThan(asked + 2);
    expect((await installation.routing.listAnalyses({ id })).analyses.length).toBeLessThanOrEqual(2);
    sharedDays(5, 6, 0.03);
    await expect.poll(async () => (await stateOf(id))?.state).toBe('EXPERIMENT_STATE_DECIDED');
    expect((await stateOf(alone))?.analysis).toBeNull();
  });
});
