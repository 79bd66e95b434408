import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type GatewayHarness } from '../testing/gateway-harness.ts';
import { readSubjectPattern } from './subject-pattern.ts';

const ADA = { authorization: 'Bearer ada' };
let gateway: GatewayHarness;
const controllers: AbortController[] = [];
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(async () => {
  for (const controller of controllers.splice(0)) controller.abort();
  await gateway.stop();
});

interface Read {
  readonly status: number;
  /** `id:revision` of each event so far, and `gap`. */
  readonly events: string[];
  readonly ended: Promise<void>;
  leave(): void;
}

async function read(query = '', headers: Record<string, string> = {}): Promise<Read> {
  const controller = new AbortController();
  controllers.push(controller);
  const answer = await fetch(`${gateway.url}/events${query}`, {
    headers: { ...ADA, ...headers },
    signal: controller.signal,
  });
  const events: string[] = [];
  const follow = async (): Promise<void> => {
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
        const [, counted] = /^event: counted\ndata: {"items":"(\d+)"}$/.exec(block) ?? [];
        if (data !== undefined) {
          const { type, data: payload } = JSON.parse(data) as { type: string; data: { revision?: string } };
          events.push(`${id}:${type.includes('alias') ? payload.revision : type}`);
        } else if (counted !== undefined) events.push(`counted ${counted}`);
        else if (block.startsWith('event: gap')) events.push('gap');
      }
    }
  };
  const ended = follow().catch(() => undefined);
  return { status: answer.status, events, ended, leave: () => controller.abort() };
}

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 5_000; !(await condition());) {
    if (Date.now() > deadline) throw new Error('it did not come true within 5 s');
    await delay(5);
  }
};
const metric = async (name: string): Promise<number> => {
  const { body } = await gateway.metrics.expose();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1] ?? Number.NaN);
};

describe('the event stream', () => {
  it('sends the events of the workspace of its caller, and of no other', async () => {
    const [own, other] = [await read(), await read('', { 'slipway-workspace': 'flights' })];
    await gateway.publish(1);
    await gateway.publish(2, 'flights');
    await gateway.publish(3);
    await until(() => own.events.length === 2 && other.events.length === 1);
    expect([own.events, other.events]).toEqual([['1:1', '3:3'], ['2:2']]);
    expect((await read('', { 'slipway-workspace': 'secret' })).status).toBe(403);
  });

  it('sends what its filter picks', async () => {
    const all = await read('?filter=registry.%3E');
    const one = await read('?filter=registry.alias.moved.churn');
    const none = await read('?filter=serving.%3E');
    await gateway.publish(1, 'default', 'flights');
    await gateway.publish(2, 'default', 'churn');
    await until(() => all.events.length === 2 && one.events.length === 1);
    expect([one.events, none.events]).toEqual([['2:2'], []]);
  });

  it.each([
    ['?filter=', 400],
    ['?filter=%3E.registry', 400],
    ['?filter=a.%3E.b', 400],
    ['?filter=a..b', 400],
    ['?filter=a.b.c.d.e', 400],
    ['?filter=a%20b', 400],
    ['?filter=reg*', 400],
    ['?filter=*&filter=*', 400],
    ['?fliter=*', 400],
    ['?telemetry=', 400],
    ['?telemetry=sent', 400],
    ['?telemetry=counted&telemetry=counted', 400],
    ['?recent=-1', 400],
    ['?recent=1001', 400],
    ['?recent=1e2', 400],
  ])('refuses %s', async (query, status) => {
    expect((await read(query)).status).toBe(status);
  });

  it('refuses who has no token, no permission or a strange position', async () => {
    expect((await read('', { authorization: '' })).status).toBe(401);
    expect((await read('', { authorization: 'Bearer eve' })).status).toBe(403);
    expect((await read('', { 'last-event-id': 'x' })).status).toBe(400);
    expect((await read('', { 'last-event-id': '9'.repeat(20) })).status).toBe(400);
    expect((await read('', { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('goes on where a client left: nothing twice, nothing lost', async () => {
    const first = await read();
    for (const revision of [1, 2, 3]) await gateway.publish(revision);
    await until(() => first.events.length === 3);
    first.leave();
    for (const revision of [4, 5]) await gateway.publish(revision);
    const again = await read('', { 'last-event-id': '3' });
    await gateway.publish(6);
    await until(() => again.events.length === 3);
    expect(again.events).toEqual(['4:4', '5:5', '6:6']);
    const late = await read('?recent=2');
    await until(() => late.events.length === 2);
    expect(late.events).toEqual(['5:5', '6:6']);
  });

  it('says so when what came since is not kept any more', async () => {
    for (let revision = 1; revision <= 30; revision += 1) await gateway.publish(revision);
    const late = await read('', { 'last-event-id': '2' });
    await until(() => late.events.length === 21);
    expect(late.events.slice(0, 2)).toEqual(['gap', '11:11']);
    const recent = await read('', { 'last-event-id': '29' });
    await until(() => recent.events.length === 1);
    expect(recent.events).toEqual(['30:30']);
  });

  it('drops a client that does not read, counts it, and keeps the others going', async () => {
    const quick = await read();
    const slow = connect(gateway.port, '127.0.0.1');
    slow.on('error', () => undefined);
    slow.pause();
    slow.write('GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ada\r\n\r\n');
    await until(async () => (await metric('gateway_event_clients')) === 2);
    const model = 'x'.repeat(200_000);
    let published = 0;
    await until(async () => {
      await gateway.publish((published += 1), 'default', model);
      await until(() => quick.events.length === published); // a busy machine must not make it slow, too
      return (await metric('gateway_event_clients_dropped_total')) === 1;
    });
    expect(await metric('gateway_event_clients')).toBe(1);
    slow.destroy();
  });

  it('takes only so many clients, and forgets those that leave', async () => {
    const three = [await read(), await read(), await read()];
    expect(three.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await read()).status).toBe(429);
    three[0]?.leave();
    await until(async () => (await metric('gateway_event_clients')) === 2);
    expect((await read()).status).toBe(200);
  });

  it('counts predictions and exposures for whoever wants only their number, and sends them to others', async () => {
    const counting = await read('?telemetry=counted');
    const all = await read();
    await gateway.publish(1);
    await gateway.publishTelemetry();
    await gateway.publishTelemetry('flights');
    await gateway.publish(6);
    await until(() => counting.events.length === 3 && all.events.length === 4);
    expect(counting.events).toEqual(['1:1', '6:6', 'counted 3']);
    const [prediction, exposure] = ['slipway.serving.prediction.logged.v1', 'slipway.routing.exposure.logged.v1'];
    expect(all.events).toEqual(['1:1', `2:${prediction}`, `3:${exposure}`, '6:6']);
  });

  it('keeps facts though telemetry comes by the thousand, and misses none that it was not to be sent', async () => {
    await gateway.publish(1);
    for (let round = 0; round < 30; round += 1) await gateway.publishTelemetry();
    await gateway.publish(2);
    const recent = await read('?recent=5&telemetry=counted');
    const back = await read('?telemetry=counted', { 'last-event-id': '1' });
    const gap = await read('', { 'last-event-id': '1' });
    await until(() => recent.events.length === 2 && back.events.length === 1 && gap.events.length === 22);
    expect([recent.events, back.events, gap.events[0]]).toEqual([['1:1', '62:2'], ['62:2'], 'gap']);
  });

  it('leaves out what is no event, and ends when the process drains', async () => {
    const reader = await read();
    const bad = { id: 'bad', subject: 'slipway.v1.default.registry.alias.moved.m', key: 'k', headers: {} };
    await gateway.bus.publish([{ ...bad, data: Buffer.from('{"specversion":"0.3"}') }], AbortSignal.timeout(1_000));
    await gateway.publish(1);
    await until(() => reader.events.length === 1);
    expect(await metric('gateway_events_invalid_total')).toBe(1);
    await gateway.server.drain(AbortSignal.timeout(2_000));
    await reader.ended;
    expect(reader.events).toEqual(['2:1']);
  });
});

describe('a subject pattern', () => {
  it('for all subjects: fits itself, any token as *, and its beginnings with >', () => {
    const token = fc.stringMatching(/^[a-z0-9_~%-]{1,8}$/);
    const subject = fc.array(token, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(subject, fc.nat(3), token, (tokens, at, other) => {
        const fits = (filter: readonly string[], given = tokens): boolean =>
          readSubjectPattern(filter.join('.'))(given);
        expect(fits(tokens)).toBe(true);
        expect(fits(tokens.with(at, '*'))).toBe(true);
        expect(fits([...tokens.slice(0, at), '>'])).toBe(true);
        expect(fits([...tokens, '>'])).toBe(false);
        expect(fits(tokens.slice(0, -1))).toBe(false);
        expect(fits(tokens.with(at, other))).toBe(tokens[at] === other);
      }),
    );
  });
});
