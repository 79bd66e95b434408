import { afterEach, beforeEach } from 'vitest';
import type {
  Assignment__Output,
  CreateRoutingExperimentRequest,
  RoutingExperiment__Output,
} from '@slipway/contracts/slipway.routing.v1';
import type { DatabaseTarget } from '@slipway/persistence';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { temporaryDirectory } from '@slipway/testing';
import type { RoutingLimits } from '../domain/limits.ts';
import { FakeMonitor } from './fake-monitor.ts';
import { FakeRegistry } from './fake-registry.ts';
import { DECISIONS, LIVE, OBJECTIVE, dayName, endOf, type origins } from './sample-requests.ts';
import { startRouting, type RoutingInstallation } from './routing-installation.ts';

/** An installation with its fakes, and an objective served by version 1 under `live`; `champion` is version 2. */
export class RoutingStory {
  installation!: RoutingInstallation;
  registry!: FakeRegistry;
  monitor!: FakeMonitor;
  private directory!: ReturnType<typeof temporaryDirectory>;
  private databases!: TestDatabases;
  private target!: DatabaseTarget;
  private readonly others: RoutingInstallation[] = [];

  async begin(): Promise<void> {
    this.directory = temporaryDirectory();
    this.databases = await sqliteDatabases();
    this.target = await this.databases.fresh();
    this.registry = new FakeRegistry({ live: '1', champion: '2' });
    this.monitor = new FakeMonitor();
    this.installation = await this.start({});
    await this.setObjective();
  }

  async end(): Promise<void> {
    for (const each of [this.installation, ...this.others.splice(0)]) await each.stop();
    await this.databases.stop();
    this.directory.remove();
  }

  /** Another process on the same database, without the memory of the first one. */
  readonly startAnother = async (seed: number): Promise<RoutingInstallation> => {
    const other = await this.start({}, seed);
    this.others.push(other);
    return other;
  };

  async restart(limits: Partial<RoutingLimits>): Promise<void> {
    await this.installation.stop();
    this.installation = await this.start(limits);
  }

  readonly setObjective = (fields: object = {}) =>
    this.installation.routing.setObjective({ name: OBJECTIVE, deployment: LIVE, unit_keys: ['origin'], ...fields });

  readonly create = async (request: CreateRoutingExperimentRequest): Promise<RoutingExperiment__Output> =>
    known((await this.installation.routing.createRoutingExperiment(request)).experiment);

  readonly assign = async (
    units: ReturnType<typeof origins>,
    routing = this.installation.routing,
  ): Promise<readonly Assignment__Output[]> => (await routing.assign({ objective: OBJECTIVE, units })).assignments;

  /** Looks as of the end of the nth day. */
  readonly analyze = async (id: string, day: number): Promise<RoutingExperiment__Output> =>
    known((await this.installation.routing.analyzeExperiment({ id, as_of: endOf(day) })).experiment);

  /** Words and shares of all decisions that were told. */
  readonly decisions = async (): Promise<unknown[][]> =>
    (await this.installation.events(DECISIONS)).map(({ decision, weight }) => [decision, weight]);

  /** Days of an A/B test on which the treatment is better by `gain`. */
  readonly sharedDays = (from: number, to: number, gain: number): void => {
    for (let day = from; day <= to; day += 1) {
      const weather = 0.4 + 0.1 * Math.sin(day);
      this.monitor.addShared(dayName(day), {
        control: { version: '1', loss: weather + 0.01 * Math.cos(3 * day), reference: weather },
        treatment: { version: '2', loss: weather - gain, reference: weather },
      });
    }
  };

  /** Days of a canary on which the new version is worse by `worsening`. */
  readonly pairedDays = (from: number, to: number, worsening: number): void => {
    for (let day = from; day <= to; day += 1) {
      this.monitor.addPaired(dayName(day), { 1: { loss: 0.4 }, 2: { loss: 0.4 + worsening } });
    }
  };

  private start(limits: Partial<RoutingLimits>, seed = 1): Promise<RoutingInstallation> {
    const { target, registry, monitor } = this;
    return startRouting({ directory: this.directory.path, target, registry, monitor, limits, seed });
  }
}

function known<Value>(value: Value | null): Value {
  if (value === null) throw new Error('an answer without its experiment');
  return value;
}

/** A fresh one for each test of the block it is called in. */
export function routingStory(): RoutingStory {
  const story = new RoutingStory();
  beforeEach(() => story.begin());
  afterEach(() => story.end());
  return story;
}
