import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, grpcTransport, type Client, type ClientTransport } from '@slipway/clients';
import { subjectFilter } from '@slipway/contracts';
import { registryService, type CreateModelVersionRequest } from '@slipway/contracts/slipway.registry.v1';
import { streamService, type StreamService } from '@slipway/contracts/slipway.serving.v1';
import { eventBusNatsPlugin } from '@slipway/event-bus-nats';
import { createIdSource, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { buildModel } from '@slipway/model-package';
import {
  describeWith,
  SERVICE_TOKEN,
  servingSettings,
  startNats,
  startSlipway,
  temporaryDirectory,
  withTokens,
  type NatsServer,
  type SlipwayProcess,
} from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const HOLDERS = { alice: { roles: ['editor'] }, bob: { roles: ['approver'] }, service: SERVICE_TOKEN } as const;
type Holder = keyof typeof HOLDERS;
const EVENTS = 500;

const model = buildModel({
  producer: 'test',
  opsets: [{ domain: '', version: 17 }],
  graph: {
    name: 'twice',
    inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 1] }],
    outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 1] }],
    nodes: [{ op: 'Sum', inputs: ['x', 'x'], outputs: ['y'] }],
  },
});

describeWith(['nats'], 'stream-scorer', () => {
  let nats: NatsServer;
  let registry: SlipwayProcess<Holder>;
  let scorer: SlipwayProcess<Holder>;
  const transports: ClientTransport[] = [];
  const directory = temporaryDirectory();

  beforeAll(async () => {
    nats = await startNats();
    const settings = { ...bus(), 'artifact-store.driver': 'local' };
    registry = await startSlipway<Holder>({ app: 'registry', tokens: HOLDERS, settings });
    scorer = await startScorer();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await scorer?.stop();
    await registry?.stop();
    await nats?.stop();
    directory.remove();
  }, 60_000);

  const bus = () => ({ 'event-bus.driver': 'nats', 'event-bus.nats.servers': nats.url });

  function startScorer(): Promise<SlipwayProcess<Holder>> {
    const own = join(directory.path, 'scorer');
    mkdirSync(own, { recursive: true });
    const settings = { ...bus(), ...servingSettings(registry), 'serving.stream-ack-wait-ms': 1_000 };
    const tokens = withTokens<Holder>(HOLDERS, registry.tokens);
    return startSlipway<Holder>({ app: 'stream-scorer', directory: own, tokens, settings });
  }

  function connect(process: SlipwayProcess<Holder>, holder: Holder = 'alice'): ClientTransport {
    const transport = grpcTransport({ address: process.grpcAddress, token: () => process.tokens[holder] });
    transports.push(transport);
    return transport;
  }

  async function register(): Promise<void> {
    const client = createClient(registryService, connect(registry));
    await client.createRegisteredModel({ name: 'twice' });
    const sha256 = createHash('sha256').update(model).digest('hex');
    async function* parts(): AsyncIterable<CreateModelVersionRequest> {
      const files = [{ path: 'model.onnx', bytes: `${model.length}`, sha256 }];
      yield { header: { model: 'twice', files, graph: 'model.onnx', features: ['request:x'] } };
      yield { chunk: model };
      yield { file_end: true };
      await Promise.resolve();
    }
    await client.createModelVersion(parts());
    const second = createClient(registryService, connect(registry, 'bob'));
    await second.approveModelVersion({ model: 'twice', version: '1', alias: 'champion', comment: 'a test' });
    await client.moveAlias({ model: 'twice', version: '1', alias: 'champion' });
  }

  async function publish(client: Client<StreamService>, from: number, to: number): Promise<void> {
    const events = Array.from({ length: to - from }, (_, at) => ({
      id: `e${from + at}`,
      key: `k${at % 9}`,
      time_micros: `${from + at}`,
      data_json: JSON.stringify({ x: from + at }),
    }));
    await client.publishEvents({ stream: 'numbers', events });
  }

  /** Results by event, read from the bus as any subscriber would. */
  async function resultsOf(count: number): Promise<ReadonlyMap<string, readonly number[]>> {
    const ids = createIdSource(systemClock, seededRandom(1));
    const config = eventBusNatsPlugin.parseConfig({ servers: nats.url });
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: directory.path };
    const reader = eventBusNatsPlugin.create(config, dependencies);
    await reader.open(AbortSignal.timeout(5_000));
    const results = new Map<string, number[]>();
    const subject = subjectFilter({ version: 1, domain: 'stream', noun: 'numbers', verb: 'scored' });
    const limits = { ackWaitMs: 5_000, deliveriesMax: 2, backoffMs: [10], inFlightMax: 256, handlerTimeoutMs: 5_000 };
    await reader.subscribe(
      { durable: 'reader', subject, from: 'beginning', ...limits, deadLetter: (delivery) => delivery },
      (delivery) => {
        const { data } = JSON.parse(Buffer.from(delivery.data).toString('utf8')) as { data: { event_id: string; outputs: { y: number } } }; // prettier-ignore
        results.set(data.event_id, [...(results.get(data.event_id) ?? []), data.outputs.y]);
        return Promise.resolve();
      },
    );
    const end = performance.now() + 30_000;
    while (results.size < count && performance.now() < end) await systemClock.sleep(20);
    await systemClock.sleep(1_500); // longer than an ack wait: what comes twice has come
    await reader.close();
    return results;
  }

  it(`scores ${EVENTS} events over gRPC and the bus, killed in the middle`, async () => {
    await register();
    const first = createClient(streamService, connect(scorer));
    const { stream } = await first.createStream({ name: 'numbers', model: 'twice' });
    expect(stream?.status?.server).toBe('stream-scorer-0');
    await publish(first, 0, EVENTS / 2);
    await scorer.kill('SIGKILL');
    scorer = await startScorer();
    const second = createClient(streamService, connect(scorer));
    await publish(second, EVENTS / 2, EVENTS);
    const results = await resultsOf(EVENTS);
    expect(results.size).toBe(EVENTS);
    for (const [id, values] of results) expect(values, id).toEqual([2 * Number(id.slice(1))]);
    const { stream: after } = await second.getStream({ name: 'numbers' });
    expect(after).toMatchObject({ model: 'twice@champion', status: { state: 'active', version: '1', dead_lettered: '0' } }); // prettier-ignore
  }, 90_000);
});
