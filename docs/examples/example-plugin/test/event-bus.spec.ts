import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BusMessage, EventBus } from '@slipway/plugin-kit';
import { eventBusSuite } from '@slipway/plugin-kit/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonLinesPlugin } from '../src/index.ts';
import { dependenciesIn, temporaryFolder } from './dependencies.ts';

const never = new AbortController().signal;

async function openIn(folder: string, raw: Record<string, unknown> = {}): Promise<EventBus> {
  const bus = jsonLinesPlugin.create(jsonLinesPlugin.parseConfig(raw), dependenciesIn(folder));
  await bus.open(never);
  return bus;
}

eventBusSuite('json-lines', async () => {
  const folder = temporaryFolder();
  return { open: () => openIn(folder.path), remove: async () => folder.remove() };
});

const message = (id: string, bytes = 10): BusMessage => ({
  subject: 'slipway.v1.default.test.thing.happened.k',
  id,
  key: 'default/k',
  data: new Uint8Array(bytes),
  headers: {},
});

describe('the file of the json-lines bus', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());
  const file = (): string => join(folder.path, 'events.jsonl');

  it('loses a line that a crash has cut, and nothing before it', async () => {
    const first = await openIn(folder.path);
    await first.publish([message('a')], never);
    await first.close();
    appendFileSync(file(), '{"type":"message","sequence":2,"id":"b"');
    const second = await openIn(folder.path);
    expect(second.isHealthy()).toBe(true);
    expect((await second.head()).lastSequence).toBe(1n);
    const [receipt] = await second.publish([message('c')], never);
    expect(receipt?.sequence).toBe(2n);
    await second.close();
    const third = await openIn(folder.path);
    expect(await third.publish([message('a'), message('c')], never)).toMatchObject([
      { duplicate: true },
      { duplicate: true },
    ]);
    await third.close();
  });

  it('is refused when a line in the middle is damaged', async () => {
    const bus = await openIn(folder.path);
    await bus.publish([message('a')], never);
    await bus.close();
    appendFileSync(file(), '{"type":\n{"type":"log","id":"x","last":0}\n');
    await expect(openIn(folder.path)).rejects.toMatchObject({ kind: 'data-loss' });
  });

  it('is written anew without what is settled, and says the same afterwards', async () => {
    const bus = await openIn(folder.path, { deduplicationWindowMs: 1_000 });
    const { logId } = await bus.head();
    const options = {
      durable: 'd',
      subject: 'slipway.>',
      from: 'beginning' as const,
      ackWaitMs: 1_000,
      deliveriesMax: 1,
      backoffMs: [0],
      inFlightMax: 1_000,
      handlerTimeoutMs: 1_000,
      deadLetter: () => message('dead'),
    };
    const subscription = await bus.subscribe(options, async () => undefined);
    const publish = async (from: number): Promise<void> => {
      await bus.publish(
        Array.from({ length: 8_000 }, (_, at) => message(`${from + at}`)),
        never,
      );
    };
    await publish(0);
    await expect.poll(() => subscription.status().pending, { timeout: 10_000 }).toBe(0n);
    await new Promise((resolve) => void setTimeout(resolve, 1_100)); // past the window
    await publish(8_000);
    await expect.poll(() => subscription.status().pending, { timeout: 10_000 }).toBe(0n);
    await bus.close();
    const lines = readFileSync(file(), 'utf8').split('\n');
    expect(lines.some((line) => line.includes('"id":"15999"'))).toBe(true);
    expect(lines.some((line) => line.includes('"id":"0"'))).toBe(false);
    const again = await openIn(folder.path);
    expect(await again.head()).toEqual({ logId, lastSequence: 16_000n });
    expect((await again.subscribe(options, async () => undefined)).status().pending).toBe(0n);
    await again.close();
  });

  it('refuses messages when it is full, rather than forget some', async () => {
    const bus = await openIn(folder.path, { bytesMax: '16777216' });
    const publishAll = async (): Promise<void> => {
      for (let at = 0; at < 100; at++) await bus.publish([message(`m${at}`, 800_000)], never);
    };
    await expect(publishAll()).rejects.toMatchObject({ kind: 'unavailable', reason: 'EVENT_LOG_FULL' });
    expect((await bus.head()).lastSequence).toBeGreaterThan(10n);
    await bus.close();
  });
});
