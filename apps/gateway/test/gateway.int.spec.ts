import { describeWith, startNats, startSlipway, type NatsServer, type SlipwayProcess } from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ALICE = { alice: { roles: ['editor'] } } as const;
const REGISTRY = 'slipway.registry.v1.RegistryService';
const MONITOR = 'slipway.monitoring.v1.MonitorService';
const NOBODY = '127.0.0.1:1';

describeWith(['nats'], 'a gateway of its own', () => {
  let nats: NatsServer;
  let registry: SlipwayProcess<'alice'>;
  let monitor: SlipwayProcess<'alice'>;
  let gateway: SlipwayProcess<'alice'>;

  beforeAll(async () => {
    nats = await startNats();
    const bus = { 'event-bus.driver': 'nats', 'event-bus.nats.servers': nats.url };
    const settings = { ...bus, 'artifact-store.driver': 'local' };
    registry = await startSlipway<'alice'>({ app: 'registry', tokens: ALICE, settings });
    const tokens = { alice: { ...ALICE.alice, token: registry.tokens.alice } };
    const upstream = { 'registry.address': registry.grpcAddress };
    monitor = await startSlipway<'alice'>({ app: 'monitor', tokens, settings: { ...bus, ...upstream } });
    const absent = ['tracking', 'routing', 'streams', 'batch'].map((name) => [`${name}.address`, NOBODY]);
    const present = { ...upstream, 'monitoring.address': monitor.grpcAddress };
    gateway = await startSlipway<'alice'>({
      app: 'gateway',
      tokens,
      settings: { ...bus, ...present, ...Object.fromEntries(absent) },
    });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await monitor?.stop();
    await registry?.stop();
    await nats?.stop();
  });

  const headers = (): Record<string, string> => ({
    authorization: `Bearer ${registry.tokens.alice}`,
    'content-type': 'application/json',
  });
  const call = async (method: string, body: object): Promise<[number, unknown]> => {
    const request = { method: 'POST', headers: headers(), body: JSON.stringify(body) };
    const answer = await fetch(`${gateway.gatewayUrl}/${method}`, request);
    return [answer.status, await answer.json()];
  };

  it('says which services can work', async () => {
    const answer = await fetch(`${gateway.gatewayUrl}/api/status`, { headers: headers() });
    const { services } = (await answer.json()) as {
      services: { name: string; healthy: boolean; services: string[] }[];
    };
    expect(services.map(({ name, healthy }) => [name, healthy])).toEqual([
      ['registry', true],
      ['tracking', false],
      ['routing', false],
      ['monitoring', true],
      ['streams', false],
      ['batch', false],
    ]);
    expect(services[0]).toMatchObject({ address: registry.grpcAddress });
    expect(services[1]).toMatchObject({ reason: expect.stringMatching(/./) as string });
    expect(services.flatMap(({ services: offered }) => offered)).toEqual(
      expect.arrayContaining([
        'slipway.routing.v1.RoutingService',
        'slipway.serving.v1.StreamService',
        'slipway.batch.v1.BatchService',
        'slipway.batch.v1.PipelineService',
      ]),
    );
  });

  it('calls them over gRPC as its caller, and sends on what the broker brings', async () => {
    const events = await fetch(`${gateway.gatewayUrl}/events`, { headers: headers() });
    expect(await call(`${REGISTRY}/CreateRegisteredModel`, { name: 'flights', request_id: 'r-1' })).toMatchObject([
      200,
      { model: { name: 'flights', principal: 'alice' } },
    ]);
    expect(await call(`${REGISTRY}/GetRegisteredModel`, { name: '..' })).toMatchObject([
      400,
      { code: 'invalid_argument' },
    ]);
    expect(await call(`${MONITOR}/SetMonitor`, { objective: 'late', output: 'probability' })).toMatchObject([
      200,
      { monitor: { objective: 'late', revision: '1' } },
    ]);
    for (const method of [
      'slipway.tracking.v1.TrackingService/SearchExperiments',
      'slipway.routing.v1.RoutingService/ListObjectives',
      'slipway.serving.v1.StreamService/ListStreams',
      'slipway.batch.v1.BatchService/ListScoringJobs',
      'slipway.batch.v1.PipelineService/ListPipelines',
    ]) {
      expect(await call(method, {})).toMatchObject([503, { code: 'unavailable' }]);
    }
    expect(await call('slipway.features.v1.FeatureStoreService/ListViews', {})).toMatchObject([404, {}]);
    let text = '';
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.includes('\ndata: ')) break;
    }
    expect(text).toContain('"type":"slipway.registry.model.changed.v1"');
  });
});
