import { describeWith, startNats, startSlipway, type NatsServer, type SlipwayProcess } from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ALICE = { alice: { roles: ['editor'] } } as const;
const REGISTRY = 'slipway.registry.v1.RegistryService';

describeWith(['nats'], 'a gateway of its own', () => {
  let nats: NatsServer;
  let registry: SlipwayProcess<'alice'>;
  let gateway: SlipwayProcess<'alice'>;

  beforeAll(async () => {
    nats = await startNats();
    const bus = { 'event-bus.driver': 'nats', 'event-bus.nats.servers': nats.url };
    const settings = { ...bus, 'artifact-store.driver': 'local' };
    registry = await startSlipway<'alice'>({ app: 'registry', tokens: ALICE, settings });
    gateway = await startSlipway<'alice'>({
      app: 'gateway',
      tokens: { alice: { ...ALICE.alice, token: registry.tokens.alice } },
      settings: { ...bus, 'registry.address': registry.grpcAddress, 'tracking.address': '127.0.0.1:1' },
    });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
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
    expect(await answer.json()).toMatchObject({
      services: [
        { name: 'registry', healthy: true, address: registry.grpcAddress },
        { name: 'tracking', healthy: false, reason: expect.stringMatching(/./) },
      ],
    });
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
    expect(await call('slipway.tracking.v1.TrackingService/SearchExperiments', {})).toMatchObject([
      503,
      { code: 'unavailable' },
    ]);
    let text = '';
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.includes('\ndata: ')) break;
    }
    expect(text).toContain('"type":"slipway.registry.model.changed.v1"');
  });
});
