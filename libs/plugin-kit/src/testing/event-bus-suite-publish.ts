import { InvalidArgumentError, UnavailableError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import type { BusMessage } from '../index.ts';
import {
  SUBJECT,
  Recorder,
  eventually,
  message,
  options,
  pause,
  publish,
  type SuiteContext,
} from './event-bus-probe.ts';

/** Storing: receipts, deduplication, limits. */
export function publishContract(context: SuiteContext): void {
  describe('publish', () => {
    it('gives one receipt per message, in order, with increasing sequences', async () => {
      const messages = ['a', 'b', 'c', 'd'].map((text) => message('k', text));
      const receipts = await publish(context.bus, ...messages);
      expect(receipts.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
      expect(receipts.every(({ duplicate }) => !duplicate)).toBe(true);
      const sequences = receipts.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => (a < b ? -1 : 1)));
    });

    it('accepts an empty list', async () => {
      expect(await publish(context.bus)).toEqual([]);
    });

    it('stores an id once, also across a restart, and says so', async () => {
      const first = message('k', 'once');
      const [stored] = await publish(context.bus, first);
      const [repeated] = await publish(context.bus, first);
      expect(repeated).toEqual({ ...stored, duplicate: true });
      await context.reopen();
      const again = await publish(context.bus, first, message('k', 'next'), first);
      expect(again.map(({ duplicate }) => duplicate)).toEqual([true, false, true]);
      const recorder = new Recorder();
      await context.bus.subscribe(options(), recorder.handle);
      await eventually('both messages', () => recorder.seen.length >= 2);
      await pause(50);
      expect(recorder.texts).toEqual(['once', 'next']);
    });

    it('keeps headers, binary data, id, key and subject as they were', async () => {
      const sent: BusMessage = {
        subject: `${SUBJECT}.Ünï-code_1`,
        id: 'id:with/signs?and=more',
        key: 'default/kéy with spaces:%25\u00e4',
        data: Uint8Array.from({ length: 512 }, (_, index) => index % 256),
        headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'ce-Type': 'ä: b = c' },
      };
      const empty = message('k', '');
      await publish(context.bus, sent, empty);
      const recorder = new Recorder();
      await context.bus.subscribe(options(), recorder.handle);
      await eventually('both messages', () => recorder.deliveries.length === 2);
      const [got, gotEmpty] = recorder.deliveries;
      expect({ ...got, data: [...(got?.data ?? [])] }).toEqual({
        ...sent,
        storedAtMs: expect.any(Number) as unknown, // a driver may leave it out only when its broker does not tell
        data: [...sent.data],
        attempt: 1,
        sequence: got?.sequence,
      });
      expect(gotEmpty?.data.byteLength).toBe(0);
    });

    it('stores what concurrent publishers send, each in its own order', async () => {
      const publishers = Array.from({ length: 8 }, (_, who) =>
        (async () => {
          for (let turn = 0; turn < 10; turn++) {
            await publish(context.bus, message(`p${who}`, `${who}:${turn}:0`), message(`p${who}`, `${who}:${turn}:1`));
          }
        })(),
      );
      await Promise.all(publishers);
      const recorder = new Recorder();
      await context.bus.subscribe(options(), recorder.handle);
      await eventually('all messages', () => recorder.seen.length >= 160);
      for (let who = 0; who < 8; who++) {
        const own = recorder.texts.filter((text) => text.startsWith(`${who}:`));
        expect(own).toEqual(Array.from({ length: 20 }, (_, n) => `${who}:${Math.floor(n / 2)}:${n % 2}`));
      }
    });

    it.each<[string, Partial<BusMessage>]>([
      ['a wildcard', { subject: `${SUBJECT}.*` }],
      ['a closing wildcard', { subject: `${SUBJECT}.>` }],
      ['a space', { subject: `${SUBJECT}.a b` }],
      ['an empty token', { subject: `${SUBJECT}..a` }],
      ['too long a subject', { subject: `${SUBJECT}.${'x'.repeat(512)}` }],
      ['an id with a line break', { id: 'a\nb' }],
      ['no key', { key: '' }],
      ['a header with a line break', { headers: { a: 'b\r\nc: d' } }],
      ['a header name with a colon', { headers: { 'a:b': 'c' } }],
    ])('refuses %s as an invalid argument and stores nothing of the call', async (_, overrides) => {
      await expect(publish(context.bus, message('k', 'fine'), message('k', 'bad', overrides))).rejects.toBeInstanceOf(
        InvalidArgumentError,
      );
      const recorder = new Recorder();
      await context.bus.subscribe(options(), recorder.handle);
      await publish(context.bus, message('k', 'later'));
      await eventually('the later message', () => recorder.seen.length > 0);
      expect(recorder.texts).toEqual(['later']);
    });

    it('takes a message of the greatest size and refuses one byte more', async () => {
      const { messageBytesMax } = context.bus.capabilities;
      const [receipt] = await publish(context.bus, message('k', '', { data: new Uint8Array(messageBytesMax).fill(7) }));
      expect(receipt?.duplicate).toBe(false);
      await expect(
        publish(context.bus, message('k', '', { data: new Uint8Array(messageBytesMax + 1) })),
      ).rejects.toBeInstanceOf(InvalidArgumentError);
    });

    it('refuses to begin when its signal is aborted', async () => {
      await expect(context.bus.publish([message('k', 'a')], AbortSignal.abort())).rejects.toBeInstanceOf(
        UnavailableError,
      );
    });

    it('tells where the log ends, and keeps its id across a restart', async () => {
      const empty = await context.bus.head();
      expect(empty.lastSequence).toBe(0n);
      expect(empty.logId).not.toBe('');
      const receipts = await publish(context.bus, message('k', 'a'), message('k', 'b'));
      const head = { logId: empty.logId, lastSequence: receipts[1]?.sequence };
      expect(await context.bus.head()).toEqual(head);
      await context.reopen();
      expect(await context.bus.head()).toEqual(head);
    });

    it('is healthy while open, closes twice, and refuses calls afterwards', async () => {
      const { bus } = context;
      expect(bus.isHealthy()).toBe(true);
      await Promise.all([bus.close(), bus.close()]);
      await bus.close();
      expect(bus.isHealthy()).toBe(false);
      await expect(publish(bus, message('k', 'a'))).rejects.toBeInstanceOf(UnavailableError);
      await expect(bus.subscribe(options(), new Recorder().handle)).rejects.toBeInstanceOf(UnavailableError);
    });
  });
}
