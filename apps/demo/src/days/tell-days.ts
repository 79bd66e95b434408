import type { RoutingExperiment__Output } from '@slipway/contracts/slipway.routing.v1';
import { untilServed } from '../champion.ts';
import { COMPARED_UNTIL } from '../dates.ts';
import type { Period } from '../flights.ts';
import { ahead, thousands, type Stage } from '../stage.ts';
import { DAY, spoken, startOf } from './calendar.ts';
import { alertsOf, dailyLosses, lossesHash, type DayLoss } from './chronicle.ts';
import {
  analyze,
  BASELINE,
  beginCanary,
  beginComparison,
  CHALLENGER,
  LIVE,
  openObjective,
  setObjective,
} from './experiments.ts';
import { dayOf, fetchFlights, type FlightTable } from './flight-table.ts';
import { Days, type Morning } from './play-days.ts';
import { applyPipeline, followRetraining, type Retrained } from './retrain.ts';

/** Which days are played; months, so that only one of them and the next are in memory at a time. */
export interface Calendar {
  readonly months: readonly Period[];
  /** First day of the comparison of the two versions. */
  readonly comparisonFrom: string;
}

export interface Decision {
  readonly day: string;
  readonly what: string;
}

export interface DaysOutcome {
  readonly flights: number;
  readonly comparison: {
    readonly decidedOn: string;
    readonly winner: string;
    readonly days: number;
    readonly eValue: number;
  };
  /** Day on whose morning drift was reported first. */
  readonly driftFoundOn: string | undefined;
  readonly retrained: Retrained | undefined;
  readonly tookOverOn: string | undefined;
  readonly rolledBackOn: string | undefined;
  readonly decisions: readonly Decision[];
  readonly alerts: readonly string[];
  readonly losses: readonly DayLoss[];
  readonly lossesHash: string;
}

export interface Versions {
  readonly scheduleOnly: string;
  readonly withDelays: string;
}

/** April to June, day by day: two versions side by side, a decision, drift, a new version in steps, and back when it becomes worse. */
export async function tellDays(stage: Stage, versions: Versions, calendar: Calendar): Promise<DaysOutcome> {
  stage.screen.step('April to June, day by day: two versions side by side, drift, a retraining, a rollback');
  const story = new DaysStory(stage, versions, calendar.comparisonFrom);
  await story.prepare();
  const fetched = (index: number): Promise<FlightTable | undefined> => {
    const month = calendar.months[index];
    return ahead(month ? fetchFlights(stage, `days-${index + 1}`, month) : Promise.resolve(undefined));
  };
  let coming = fetched(0);
  for (let months = 1, flights = await coming; flights; months += 1, flights = await coming) {
    coming = fetched(months); // while the days of this one are played
    for (const day of flights.days.keys()) await story.play(day, (days) => days.play(flights, day));
  }
  const last = calendar.months.at(-1)?.until ?? '';
  await story.play(last, (days) => days.end(last));
  stage.screen.look('npm run slipway -- routing experiments');
  return story.outcome();
}

class DaysStory {
  readonly #stage: Stage;
  readonly #versions: Versions;
  readonly #comparisonFrom: string;
  readonly #days: Days;
  readonly #decisions: Decision[] = [];
  #comparison: RoutingExperiment__Output | undefined;
  #comparisonId: string | undefined;
  #canary: RoutingExperiment__Output | undefined;
  #canaryId: string | undefined;
  #driftFoundOn: string | undefined;
  #retrained: Retrained | undefined;
  #tookOverOn: string | undefined;

  constructor(stage: Stage, versions: Versions, comparisonFrom: string) {
    this.#stage = stage;
    this.#versions = versions;
    this.#comparisonFrom = comparisonFrom;
    this.#days = new Days(stage);
  }

  /** The objective is served by the first version, while the second one listens; drift begins a retraining. */
  async prepare(): Promise<void> {
    const stage = this.#stage;
    const { alice, bob, model, attempt } = stage;
    const { scheduleOnly, withDelays } = this.#versions;
    for (const alias of [BASELINE, LIVE]) {
      const policy = { model, alias, gates: [], approvals_required: 1 };
      await attempt(() => bob.registry.setAliasPolicy({ ...policy, request_id: `${model}-policy-${alias}` }));
    }
    for (const [version, alias] of [
      [scheduleOnly, BASELINE],
      [scheduleOnly, LIVE],
      [withDelays, LIVE],
      [withDelays, CHALLENGER],
    ] as const) {
      const approval = { model, version, alias, comment: 'may serve the objective' };
      await attempt(() =>
        bob.registry.approveModelVersion({ ...approval, request_id: `${model}-approve-${alias}-${version}` }),
      );
    }
    for (const [alias, version] of [
      [BASELINE, scheduleOnly],
      [LIVE, scheduleOnly],
      [CHALLENGER, withDelays],
    ] as const) {
      await attempt(() => alice.registry.moveAlias({ model, version, alias }));
      await attempt(() => untilServed(alice, { model, version, alias }));
    }
    await openObjective(stage);
    await applyPipeline(stage);
  }

  /** One day, and what is decided on its morning. */
  async play(day: string, act: (days: Days) => Promise<Morning>): Promise<void> {
    if (day === this.#comparisonFrom) this.#comparisonId = await beginComparison(this.#stage, day);
    if (day === COMPARED_UNTIL) await setObjective(this.#stage, [CHALLENGER]);
    this.#stage.screen.progress(`${spoken(day)}: ${thousands(this.#days.flights)} flights so far`);
    const morning = await act(this.#days);
    await this.#compare(day);
    await this.#watch(morning);
    await this.#guard(day);
  }

  async #compare(day: string): Promise<void> {
    if (this.#comparisonId === undefined || this.#comparison?.end_time) return;
    const { screen, alice, model, attempt } = this.#stage;
    const experiment = await analyze(this.#stage, this.#comparisonId, day);
    this.#comparison = experiment;
    if (!experiment.end_time) return;
    this.#note(day, `comparison ${experiment.state}`);
    screen.result(`${spoken(day)}: ${experiment.analysis?.explanation ?? ''}`);
    if (experiment.state === 'EXPERIMENT_STATE_DECIDED')
      await attempt(() => untilServed(alice, { model, version: this.#versions.withDelays, alias: LIVE }));
  }

  async #watch({ day, alerts }: Morning): Promise<void> {
    const alert = alerts.find(({ kind }) => kind === 'drift');
    if (!alert || this.#driftFoundOn !== undefined) return;
    this.#driftFoundOn = day;
    this.#note(day, `drift of version ${alert.version}`);
    const { screen, alice, model, attempt } = this.#stage;
    const checks = alert.checks.map(
      ({ check, value, threshold }) =>
        `${check.replaceAll('_', ' ')} ${value.toFixed(3)} (threshold ${threshold.toFixed(3)})`,
    );
    screen.result(`${spoken(day)}: drift, ${checks.join(', ')}; the pipeline 'retrain' begins`);
    const retrained = await followRetraining(this.#stage);
    this.#retrained = retrained;
    for (const step of retrained.steps) screen.result(`   ${step}`);
    if (retrained.refusal !== undefined) return this.#note(day, `version ${retrained.version} is refused by the gate`);
    await attempt(() => untilServed(alice, { model, version: retrained.version, alias: CHALLENGER }));
    this.#note(day, `version ${retrained.version} is challenger`);
  }

  /** One experiment at a time: a canary waits for the end of the comparison. */
  async #guard(day: string): Promise<void> {
    const isChallenged = this.#retrained !== undefined && this.#retrained.refusal === undefined;
    if (isChallenged && this.#canaryId === undefined && this.#comparison?.end_time) {
      this.#canaryId = await beginCanary(this.#stage, dayOf(startOf(day) + DAY));
      this.#note(day, 'canary begins');
      return;
    }
    if (this.#canaryId === undefined || this.#canary?.end_time) return;
    const before = this.#canary?.revision;
    const experiment = await analyze(this.#stage, this.#canaryId, day);
    this.#canary = experiment;
    if (experiment.revision === before) return;
    const { screen } = this.#stage;
    const share = experiment.policy?.steps[experiment.step] ?? 0;
    if (experiment.state === 'EXPERIMENT_STATE_ROLLED_BACK') {
      this.#note(day, 'canary rolled back');
      screen.result(`${spoken(day)}: rolled back. ${experiment.analysis?.explanation ?? ''}`);
    } else if (share < 1000) {
      this.#note(day, `canary ${share / 10} %`);
      screen.result(`${spoken(day)}: the retrained version answers for ${share / 10} % of the units`);
    } else if (this.#tookOverOn === undefined) {
      this.#tookOverOn = day;
      this.#note(day, 'canary took over');
      screen.result(`${spoken(day)}: the retrained version takes over, and is watched`);
    }
  }

  #note(day: string, what: string): void {
    this.#decisions.push({ day, what });
  }

  async outcome(): Promise<DaysOutcome> {
    const losses = await dailyLosses(this.#stage);
    const rolledBack = this.#decisions.find(({ what }) => what === 'canary rolled back');
    return {
      flights: this.#days.flights,
      comparison: {
        decidedOn: this.#decisions.find(({ what }) => what.startsWith('comparison'))?.day ?? '',
        winner: this.#comparison?.analysis?.winner ?? '',
        days: this.#comparison?.analysis?.complete_days ?? 0,
        eValue: this.#comparison?.analysis?.e_value ?? 0,
      },
      driftFoundOn: this.#driftFoundOn,
      retrained: this.#retrained,
      tookOverOn: this.#tookOverOn,
      rolledBackOn: rolledBack?.day,
      decisions: this.#decisions,
      alerts: await alertsOf(this.#stage),
      losses,
      lossesHash: lossesHash(losses),
    };
  }
}
