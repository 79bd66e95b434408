import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { afterEach, expect, it } from 'vitest';

const REGISTRY = 'slipway.registry.v1.RegistryService';
const HOLDERS = {
  alice: { roles: ['editor'] },
  watcher: { roles: ['viewer'] },
  predictor: { roles: ['predictor'] },
} as const;
const LIST = `/${REGISTRY}/ListRegisteredModels`;

let slipway: SlipwayProcess<keyof typeof HOLDERS> | undefined;
afterEach(async () => {
  await slipway?.stop();
});

const start = async (): Promise<SlipwayProcess<keyof typeof HOLDERS>> =>
  (slipway = await startSlipway<keyof typeof HOLDERS>({ app: 'slipway', tokens: HOLDERS }));

it('speaks JSON for the services of its process, to whom they allow it, and tells what happens', async () => {
  const { gatewayUrl, tokens } = await start();
  const call = async (who: keyof typeof HOLDERS, method: string, body: object): Promise<[number, unknown]> => {
    const headers = { authorization: `Bearer ${tokens[who]}`, 'content-type': 'application/json' };
    const answer = await fetch(`${gatewayUrl}/${method}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return [answer.status, await answer.json()];
  };
  const events = await fetch(`${gatewayUrl}/events?filter=registry.%3E`, {
    headers: { authorization: `Bearer ${tokens.watcher}` },
  });
  const create = { name: 'flights', requestId: 'r-1' };
  expect(await call('watcher', `${REGISTRY}/CreateRegisteredModel`, create)).toMatchObject([
    403,
    { code: 'permission_denied' },
  ]);
  expect(await call('alice', `${REGISTRY}/CreateRegisteredModel`, create)).toMatchObject([
    200,
    { model: { name: 'flights', principal: 'alice', last_version: '0' } },
  ]);
  expect(await call('watcher', `${REGISTRY}/GetRegisteredModel`, { name: 'fright' })).toMatchObject([
    404,
    { code: 'not_found' },
  ]);
  expect(await call('predictor', `${REGISTRY}/ListRegisteredModels`, {})).toMatchObject([403, {}]);
  expect(await call('watcher', 'slipway.common.v1.OperationService/ListOperations', {})).toMatchObject([
    200,
    { operations: [] },
  ]);
  let text = '';
  for await (const chunk of events.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.includes('\ndata: ')) break;
  }
  expect(text).toContain('"type":"slipway.registry.model.changed.v1"');
  expect(text).toContain('"workspace":"default"');
  const forbidden = await fetch(`${gatewayUrl}/events`, { headers: { authorization: `Bearer ${tokens.predictor}` } });
  expect(forbidden.status).toBe(403);
});

it('drains under load without losing an accepted request', async () => {
  const running = await start();
  const { gatewayUrl, tokens } = running;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const failures: string[] = [];
  let answered = 0;
  const over = new AbortController();
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${tokens.alice}`, 'content-type': 'application/json' };
      const sent = httpRequest(`${gatewayUrl}${LIST}`, { agent, method: 'POST', headers }, (answer) => {
        answer.resume().once('end', () => {
          answered += 1;
          if (answer.statusCode !== 200) failures.push(String(answer.statusCode));
          if (answer.headers.connection === 'close') over.abort(); // a balancer would go elsewhere from here
          resolve();
        });
        answer.once('error', (error) => (failures.push(error.message), resolve()));
      });
      sent.once('error', (error) => {
        failures.push(error.message);
        over.abort();
        resolve();
      });
      sent.end('{}');
    });
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) await once();
  };
  const clients = Array.from({ length: 8 }, client);
  await delay(300);
  const end = running.kill('SIGTERM');
  await Promise.all(clients);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(20);
  expect((await end).code).toBe(0);
  agent.destroy();
});
