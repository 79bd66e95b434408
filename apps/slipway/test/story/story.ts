import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport, type Client, type ClientTransport } from '@slipway/clients';
import { monitorService, type MonitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { registryService, type RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService, type RoutingService } from '@slipway/contracts/slipway.routing.v1';
import {
  predictionService,
  streamService,
  type PredictionService,
  type StreamService,
} from '@slipway/contracts/slipway.serving.v1';
import { flightsOf, type Flight } from './flights.ts';
import { INFORMED, MODEL, PLAIN, uploadStoryVersion } from './story-model.ts';

export const OBJECTIVE = 'late-departure';
/** The 1st of April 2001, in days. */
const FIRST_DAY = Date.parse('2001-04-01T00:00:00Z') / 86_400_000;
const WITHIN_MS = 20_000;
const EVENTS_OF_CALL = 300;
const LIVE = { model: MODEL, alias: 'live' };
const CHAMPION = { model: MODEL, alias: 'champion' };
/** What a serving process of the story has to be told: which aliases it loads, and to log at once. */
export const STORY_SETTINGS = { 'serving.aliases': ['live', 'champion'], 'serving.prediction-log-flush-ms': 50 };

export interface StoryAddresses {
  readonly registry: string;
  readonly routing: string;
  readonly monitoring: string;
  readonly serving: string;
  readonly streams: string;
}

interface Clients {
  readonly registry: Client<RegistryService>;
  readonly approver: Client<RegistryService>;
  readonly routing: Client<RoutingService>;
  readonly monitor: Client<MonitorService>;
  readonly predictions: Client<PredictionService>;
  readonly streams: Client<StreamService>;
}

const timestamp = (day: number, seconds = 0) => ({ seconds: String(day * 86_400 + seconds), nanos: 0 });

/** An objective served by version 1, which version 2 replaces when an experiment has shown that it is better; then the weather turns. By RPC alone. */
export class Story {
  readonly clients: Clients;
  readonly #transports: readonly ClientTransport[];
  #experiment = '';
  #day = FIRST_DAY;
  #published = 0;

  /** @param tokens of an editor and of an approver. */
  constructor(addresses: StoryAddresses, tokens: { readonly alice: string; readonly bob: string }) {
    const transports: ClientTransport[] = [];
    const connect = (address: string, token = tokens.alice): ClientTransport => {
      const transport = grpcTransport({ address, token: () => token });
      transports.push(transport);
      return transport;
    };
    this.clients = {
      registry: createClient(registryService, connect(addresses.registry)),
      approver: createClient(registryService, connect(addresses.registry, tokens.bob)),
      routing: createClient(routingService, connect(addresses.routing)),
      monitor: createClient(monitorService, connect(addresses.monitoring)),
      predictions: createClient(predictionService, connect(addresses.serving)),
      streams: createClient(streamService, connect(addresses.streams)),
    };
    this.#transports = transports;
  }

  async close(): Promise<void> {
    for (const transport of this.#transports) await transport.close();
  }

  /** Two versions, both served, the objective and its monitor. */
  async begin(): Promise<void> {
    const { registry, approver, routing, monitor } = this.clients;
    await registry.createRegisteredModel({ name: MODEL });
    for (const weights of [PLAIN, INFORMED]) await uploadStoryVersion(registry, weights);
    for (const [alias, version] of [
      ['live', '1'],
      ['champion', '2'],
    ] as const) {
      await approver.setAliasPolicy({ model: MODEL, alias, approvals_required: 0, gates: [] });
      await registry.moveAlias({ model: MODEL, alias, version });
      await this.#untilServed(alias, version);
    }
    await routing.setObjective({
      name: OBJECTIVE,
      description: 'does it leave more than 15 minutes late',
      deployment: LIVE,
      shadows: [CHAMPION],
      unit_keys: ['origin', 'day'],
    });
    await monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', rows_min: '100', manual: true });
  }

  /** Both versions side by side, from the next day on. */
  async beginExperiment(): Promise<void> {
    const { experiment } = await this.clients.routing.createRoutingExperiment({
      name: 'with-delays',
      objective: OBJECTIVE,
      kind: 'EXPERIMENT_KIND_AB',
      arms: [
        { name: 'control', deployment: LIVE, weight: 500 },
        { name: 'treatment', deployment: CHAMPION, weight: 500 },
      ],
      policy: { metric: 'log_loss', alias: 'live', days_max: 14 },
      salt: 'story',
      manual: true,
      start_time: timestamp(this.#day),
    });
    this.#experiment = experiment?.id ?? '';
  }

  /** One day: units are assigned, flights predicted, what happened recorded, the day closed and the experiment looked at. */
  async playDay(worsening = 0): Promise<void> {
    const day = this.#day;
    const flights = flightsOf(day, worsening);
    await this.#predict(day, flights);
    const { monitor } = this.clients;
    const bounds = { objective: OBJECTIVE, from: timestamp(day), until: timestamp(day + 1) };
    await until('all predictions of the day', async () => {
      const { predictions } = await monitor.getCoverage(bounds);
      return predictions === String(flights.length);
    });
    await monitor.recordOutcomes({
      objective: OBJECTIVE,
      prediction_ids: flights.map(({ id }) => id),
      labels: flights.map(({ isLate }) => Number(isLate)),
      observed_micros: flights.map(({ timeMicros }) => String(timeMicros + 3_600_000_000n)),
    });
    this.#day += 1;
    await monitor.evaluateWindows({ objective: OBJECTIVE, until: timestamp(this.#day + 1) });
    await this.#look();
  }

  /** The day that `playDay` plays next, `YYYY-MM-DD`. */
  get today(): string {
    return new Date(this.#day * 86_400_000).toISOString().slice(0, 10);
  }

  /** A stream with some events, all of them scored. */
  async runStream(name: string, events: number): Promise<void> {
    await this.clients.streams.createStream({ name, model: `${MODEL}@champion` });
    await this.publish(name, events);
  }

  /** Events of the next flights; resolves when all of them are scored. */
  async publish(stream: string, count: number): Promise<void> {
    const { streams } = this.clients;
    for (let left = count; left > 0; left -= EVENTS_OF_CALL) {
      const events = flightsOf(FIRST_DAY)
        .slice(0, Math.min(left, EVENTS_OF_CALL))
        .map(({ origin, x, timeMicros }) => ({
          id: String((this.#published += 1)),
          key: origin,
          time_micros: String(timeMicros),
          data_json: JSON.stringify({ x }),
        }));
      await streams.publishEvents({ stream, events });
    }
    await until(`${this.#published} scored events`, async () => {
      const { stream: found } = await streams.getStream({ name: stream });
      return found?.status?.scored === String(this.#published);
    });
  }

  async #predict(day: number, flights: readonly Flight[]): Promise<void> {
    const origins = [...new Set(flights.map(({ origin }) => origin))];
    const { assignments } = await this.clients.routing.assign({
      objective: OBJECTIVE,
      units: {
        origin: { strings: { values: origins } },
        day: { strings: { values: origins.map(() => String(day)) } },
      },
    });
    const assignmentOf = new Map(origins.map((origin, index) => [origin, assignments[index]]));
    const aliasOf = ({ origin }: Flight): string => assignmentOf.get(origin)?.deployment?.alias ?? '';
    for (const rows of Map.groupBy(flights, aliasOf).values()) {
      const tokens = [...new Set(rows.map(({ origin }) => assignmentOf.get(origin)?.token ?? ''))];
      await this.clients.predictions.predict({
        objective: OBJECTIVE,
        prediction_ids: rows.map(({ id }) => id),
        request_features: { x: { numbers: { values: rows.map(({ x }) => x) } } },
        assignments: tokens,
        assignment_of_row: rows.map(({ origin }) => tokens.indexOf(assignmentOf.get(origin)?.token ?? '')),
        as_of: timestamp(day, 43_200),
      });
    }
  }

  async #look(): Promise<void> {
    if (this.#experiment === '') return;
    const { experiment } = await this.clients.routing.analyzeExperiment({
      id: this.#experiment,
      as_of: timestamp(this.#day + 1),
    });
    if (experiment?.state !== 'EXPERIMENT_STATE_DECIDED') return;
    this.#experiment = '';
    await this.#untilServed('live', '2');
  }

  async #untilServed(alias: string, version: string): Promise<void> {
    const request = { model: `${MODEL}@${alias}`, request_features: { x: { numbers: { values: [0] } } } };
    await until(`version ${version} answers for ${alias}`, async () => {
      const answer = await this.clients.predictions.predict(request).catch(() => undefined); // not loaded yet
      return answer?.version === version;
    });
  }
}

/** @throws {Error} when it does not come true within 20 s. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + WITHIN_MS; !(await condition()); await delay(20))
    if (performance.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
}
