import { setTimeout as delay } from 'node:timers/promises';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_CATALOGUE, modelChanged } from '@slipway/contracts';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { systemClock, type Logger } from '@slipway/kernel';
import { createEventConsumer, type UnitOfWork } from '@slipway/persistence';
import { describeWith } from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { liveThroughPipeline, liveThroughScoring } from './subscriber/batch-life.ts';
import { cloudEventProblems } from './subscriber/cloud-event-rules.ts';
import { liveThroughFeatures } from './subscriber/feature-life.ts';
import { startInstallation, tamperWith, uploadVersion, type Installation } from './subscriber/installation.ts';

/** What a caller publishes for a stream, in words of his own: not of the catalogue. */
const RECEIVED = 'slipway.stream.departures.received.v1';

interface Heard {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly event: Record<string, string> & { readonly data: Record<string, unknown> };
}

const read = (message: Msg): Heard => ({
  subject: message.subject,
  headers: Object.fromEntries(
    [...(message.headers ?? [])].map(([name, values]) => [name.toLowerCase(), values.join()]),
  ),
  bytes: Buffer.from(message.data),
  event: JSON.parse(message.string()) as Heard['event'],
});

describeWith(['nats'], 'a plain NATS subscriber', () => {
  let installation: Installation;
  let connection: NatsConnection;
  const heard: Heard[] = [];
  const ofType = (type: string): Heard[] => heard.filter(({ event }) => event['type'] === type);

  async function until(what: string, condition: () => boolean): Promise<void> {
    for (const end = performance.now() + 20_000; !condition(); await delay(20)) {
      if (performance.now() < end) continue;
      const types = heard.map(({ event }) => event['type']).join(', ');
      throw new Error(`not within 20 s: ${what}; heard ${types}\n${installation.slipway.logs().slice(-5).join('\n')}`);
    }
  }

  /** A prediction by key of a model that is there for nothing else. */
  async function predictOnce(): Promise<void> {
    const { alice, bob, predictions } = installation;
    const model = 'keyed';
    await alice.createRegisteredModel({ name: model });
    await uploadVersion(alice, model, 10, ['request:x']);
    await bob.setAliasPolicy({ model, alias: 'champion', approvals_required: 0, gates: [] });
    await alice.moveAlias({ model, version: '1', alias: 'champion' });
    await until('the load', () =>
      ofType('slipway.serving.model.loaded.v1').some(({ event }) => event.data['model'] === model),
    );
    await predictions.predict({ model, request_features: { x: { numbers: { values: [0.5] } } } });
  }

  beforeAll(async () => {
    installation = await startInstallation();
    connection = await connect({ servers: installation.nats.url });
    connection.subscribe('slipway.>', {
      callback: (error, message) => {
        if (error) throw error;
        // the acknowledgements and requests of JetStream have other subjects; what comes here is ours
        heard.push(read(message));
      },
    });
    await connection.flush();
  });
  afterAll(async () => {
    await connection?.close();
    await installation?.stop();
  });

  it(
    'hears what follows from predictions: experiment, windows, alerts, streams, jobs and pipelines',
    { timeout: 90_000 },
    async () => {
      const { story, features, jobs, pipelines } = installation;
      await liveThroughFeatures(features);
      await story.begin();
      for (let day = 1; day <= 18; day += 1) {
        if (day === 4) await story.beginExperiment();
        await story.playDay(day > 13 ? 1.5 : 0); // then flights are late far more often than when the models were made
      }
      await story.runStream('departures', 20);
      await liveThroughScoring(jobs);
      await liveThroughPipeline(pipelines);
      const dataOf = (type: string) => ofType(`slipway.${type}.v1`).map(({ event }) => event.data);
      await until('all results of the stream', () => dataOf('stream.departures.scored').length === 20);
      await until('the end of the pipeline', () =>
        dataOf('batch.pipeline.changed').some(({ state }) => state === 'succeeded'),
      );
      await until('the end of the job', () => dataOf('batch.job.changed').some(({ state }) => state === 'done'));
      await until('the decision', () => dataOf('routing.decision.made').some(({ decision }) => decision === 'decided'));
      expect(dataOf('routing.decision.made').map(({ decision }) => decision)).toEqual(['started', 'decided']);
      await until('alerts', () => dataOf('monitoring.drift.detected').length > 0);
      await until('worse results', () => dataOf('monitoring.performance.degraded').length > 0);
      await until('all days', () => dataOf('monitoring.window.closed').length === 18);
      expect(dataOf('monitoring.outcome.observed').map(({ outcomes }) => outcomes)).toEqual(Array(18).fill('360'));
      const exposed = dataOf('routing.exposure.logged').flatMap(
        ({ exposures }) => exposures as { unit_hash: string }[],
      );
      expect(new Set(exposed.map(({ unit_hash: hash }) => hash)).size).toBe(exposed.length);
      expect(dataOf('features.position.committed')).toMatchObject([{ consumer: 'nightly', source: 'delays' }]);
      expect(dataOf('features.predictions.loaded')).toMatchObject([{ table: 'late', rows: '1' }]);
    },
  );

  it('hears the whole life of a model as CloudEvents, in order', { timeout: 90_000 }, async () => {
    const { alice, bob, slipway, runs } = installation;
    const model = 'flights';
    const at = (version: number, alias = 'champion') => ({ model, version: String(version), alias });
    const loaded = (count: number) =>
      until(`${count} loads`, () => {
        const loads = ofType('slipway.serving.model.loaded.v1');
        return loads.filter(({ event }) => event.data['model'] === model).length >= count;
      });
    const { run } = await runs.createRun({ run_name: 'before the model' });
    await runs.updateRun({ run_id: run?.run_id ?? '', status: 'RUN_STATUS_FINISHED' });
    await until('the end of the run', () => ofType('slipway.tracking.run.finished.v1').length > 0);
    await predictOnce();
    await alice.createRegisteredModel({ name: model, description: 'a short life' });
    for (const seed of [1, 2, 3]) await uploadVersion(alice, model, seed);
    const fourth = await uploadVersion(alice, model, 4);
    await alice.recordEvaluation({ model, version: '1', dataset: 'april', rows: '10', metrics: { auc: 0.7 } });
    await bob.setAliasPolicy({ model, alias: 'champion', approvals_required: 1, gates: [] });
    for (const version of [1, 2, 4]) await bob.approveModelVersion(at(version));
    await bob.rejectModelVersion({ ...at(3), comment: 'worse at night' });
    await alice.moveAlias(at(1));
    await loaded(1);
    await alice.moveAlias(at(2));
    await loaded(2);
    await alice.rollBackAlias({ model, alias: 'champion' });
    await loaded(3);
    expect(tamperWith(slipway.dataDirectory, fourth)).toBeGreaterThan(0);
    await alice.moveAlias(at(4));
    await until('the failed load', () => ofType('slipway.serving.model.failed.v1').length > 0);
    await bob.setAliasPolicy({ model, alias: 'candidate', approvals_required: 0, gates: [] });
    await alice.moveAlias(at(2, 'candidate'));
    await alice.deleteAlias({ model, alias: 'candidate' });
    await alice.deleteAlias({ model, alias: 'champion' });
    await alice.deleteModelVersion({ model, version: '3' });
    await alice.updateRegisteredModel({ name: model, description: 'about to end' });
    await alice.deleteRegisteredModel({ name: model });
    await until('the end', () =>
      ofType('slipway.registry.model.changed.v1').some(({ event }) => event.data['deleted'] === true),
    );

    await until('materialization', () => ofType('slipway.features.view.materialized.v1').length > 0);
    await until('the training set', () => ofType('slipway.features.training-set.created.v1').length > 0);
    await until('the logged prediction', () => ofType('slipway.serving.prediction.logged.v1').length > 0);
    const types = heard.map(({ event }) => event['type']);
    const spoken = new Set(types.filter((type) => type !== RECEIVED));
    const known = EVENT_CATALOGUE.map(({ type }) => type).filter((type) => !type.includes('delivery.dead'));
    expect(spoken).toEqual(new Set(known));
    const revisions = (alias: string) =>
      ofType('slipway.registry.alias.moved.v1')
        .filter(({ event }) => event.data['model'] === model && event.data['alias'] === alias)
        .map(({ event }) => [Number(event.data['revision']), Number(event.data['version']), event.data['rolled_back']]);
    expect(revisions('champion')).toEqual([
      [1, 1, false],
      [2, 2, false],
      [3, 1, true],
      [4, 4, false],
      [5, 0, false],
    ]);
    expect(revisions('candidate')).toEqual([
      [1, 2, false],
      [2, 0, false],
    ]);
    const created = ofType('slipway.registry.version.created.v1').filter(({ event }) => event.data['model'] === model);
    expect(created.map(({ event }) => event.data['version'])).toEqual(['1', '2', '3', '4']);
    const [failed] = ofType('slipway.serving.model.failed.v1');
    expect(failed?.event.data).toMatchObject({ model, alias: 'champion', version: '4', serving_version: '1' });
    // the story of one key is told in the order in which it happened
    const story = heard
      .filter(({ event }) => event['source'] === '/slipway/registry')
      .map(({ event }) => event['time'] ?? '');
    expect(story).toEqual(story.toSorted((left, right) => (left < right ? -1 : Number(left > right))));
  });

  it('hears nothing that is not a valid event on the subject that belongs to it', () => {
    expect(heard.length).toBeGreaterThan(15);
    for (const { subject, event, headers } of heard) {
      expect([subject, cloudEventProblems(event)]).toEqual([subject, []]);
      expect(headers['content-type']).toMatch(/^application\/cloudevents\+json/);
      // ids of callers are unique in their stream only
      const id = event['type'] === RECEIVED ? `default/departures:${event['id']}:received` : event['id'];
      expect(headers['nats-msg-id']).toBe(id);
      const [root, version, workspace, domain, noun, verb, key, ...rest] = subject.split('.');
      expect([root, rest]).toEqual(['slipway', []]);
      expect(event['type']).toBe(`slipway.${domain}.${noun}.${verb}.${version}`);
      expect(workspace).toBe(event['workspace']);
      expect(key).toBe(event['subject']);
    }
    const ids = heard.map(({ event }) => event['id']);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('hears of a message that is no event, with its bytes inside', { timeout: 40_000 }, async () => {
    const poison = Buffer.from(
      '{"specversion":"1.0","id":"poison-1","source":"/stranger","type":"x","data":{"version":[]}}',
    );
    connection.publish('slipway.v1.default.registry.alias.moved.poison', poison);
    const letters = () =>
      ofType('slipway.bus.delivery.dead.v1').filter(({ event }) => String(event.data['subject']).endsWith('.poison'));
    await until('the dead letter', () => letters().length > 0);
    const [letter] = letters();
    expect(Buffer.from(String(letter?.event.data['event']), 'base64')).toEqual(poison);
    expect(letter?.event.data).toMatchObject({
      attempts: 1,
      subject: 'slipway.v1.default.registry.alias.moved.poison',
    });
    expect(cloudEventProblems(letter?.event)).toEqual([]);
    // the consumer goes on: the next event is acted upon
    const before = ofType('slipway.serving.model.loaded.v1').length;
    const { alice, bob } = installation;
    await alice.createRegisteredModel({ name: 'after' });
    await uploadVersion(alice, 'after', 9);
    await bob.setAliasPolicy({ model: 'after', alias: 'champion', approvals_required: 0, gates: [] });
    await alice.moveAlias({ model: 'after', alias: 'champion', version: '1' });
    await until('the load after the poison', () => ofType('slipway.serving.model.loaded.v1').length > before);
  });

  it('hears that a consumer gave up, with the event that it gave up on', { timeout: 40_000 }, async () => {
    const log: Logger = silentLogger();
    const bus = eventBusNatsPlugin.create(eventBusNatsPlugin.parseConfig({ servers: installation.nats.url }), {
      clock: systemClock,
      log,
      dataDirectory: '',
    } as Parameters<typeof eventBusNatsPlugin.create>[1]);
    await bus.open(AbortSignal.timeout(10_000));
    let attempts = 0;
    const consumer = createEventConsumer({
      bus,
      durable: 'never-content',
      definition: modelChanged,
      service: 'test',
      clock: systemClock,
      log,
      unitOfWork: { run: () => Promise.reject(new Error('this consumer keeps nothing')) } as unknown as UnitOfWork,
      handler: () => {
        attempts += 1;
        return Promise.reject(new Error('never content'));
      },
      delivery: { from: 'now', deliveriesMax: 3, backoffMs: [50] },
    });
    await consumer.start(AbortSignal.timeout(10_000));
    try {
      await installation.alice.createRegisteredModel({ name: 'hopeless' });
      const letters = () =>
        ofType('slipway.bus.delivery.dead.v1').filter(({ event }) => event.data['consumer'] === 'never-content');
      await until('the dead letter', () => letters().length > 0);
      const original = ofType('slipway.registry.model.changed.v1').find(
        ({ event }) => event.data['model'] === 'hopeless',
      );
      const [letter] = letters();
      expect(attempts).toBe(3);
      expect(letter?.event.data).toMatchObject({
        event_id: original?.event['id'],
        event_type: original?.event['type'],
        subject: original?.subject,
        attempts: 3,
        reason: 'INTERNAL',
      });
      expect(Buffer.from(String(letter?.event.data['event']), 'base64')).toEqual(original?.bytes);
    } finally {
      await consumer.drain();
      await bus.close();
    }
  });
});

function silentLogger(): Logger {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  return { ...log, child: () => silentLogger() };
}
