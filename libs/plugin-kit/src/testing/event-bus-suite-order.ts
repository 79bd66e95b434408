import { describe, expect, it } from 'vitest';
import {
  Recorder,
  eventually,
  message,
  options,
  pause,
  publish,
  textOf,
  type SuiteContext,
} from './event-bus-probe.ts';

/** Order per key. */
export function orderContract(context: SuiteContext): void {
  describe('order per key', () => {
    it('never runs two messages of a key at once, and keeps their order', async () => {
      const running = new Map<string, number>();
      let overlaps = 0;
      const recorder = new Recorder(async ({ key, sequence }) => {
        running.set(key, (running.get(key) ?? 0) + 1);
        if ((running.get(key) ?? 0) > 1) overlaps += 1;
        await pause(Number(sequence % 3n));
        running.set(key, (running.get(key) ?? 0) - 1);
      });
      await context.bus.subscribe(options(), recorder.handle);
      await publish(context.bus, ...Array.from({ length: 120 }, (_, n) => message(`k${n % 5}`, `${n}`)));
      await eventually('all messages', () => recorder.seen.length === 120);
      expect(overlaps).toBe(0);
      for (let key = 0; key < 5; key++) {
        const own = recorder.texts.filter((text) => Number(text) % 5 === key);
        expect(own).toEqual(Array.from({ length: 24 }, (_, n) => `${n * 5 + key}`));
      }
    });

    it('a failing key holds back only itself', async () => {
      const recorder = new Recorder((delivery) => {
        if (textOf(delivery) === 'bad1' && delivery.attempt === 1) throw new Error('first time');
      });
      await context.bus.subscribe(options({ backoffMs: [600] }), recorder.handle);
      await publish(context.bus, message('bad', 'bad1'), message('bad', 'bad2'), message('good', 'good1'));
      await publish(context.bus, message('good', 'good2'), message('bad', 'bad3'));
      await eventually('the good key', () => recorder.texts.includes('good2'));
      expect(recorder.texts.filter((text) => text.startsWith('bad'))).toEqual(['bad1']);
      await eventually('the bad key', () => recorder.texts.includes('bad3'));
      expect(recorder.texts.filter((text) => text.startsWith('bad'))).toEqual(['bad1', 'bad1', 'bad2', 'bad3']);
    });

    it('holds across a restart with outstanding messages', async () => {
      const first = new Recorder((delivery) => {
        if (textOf(delivery).startsWith('bad')) throw new Error('down');
      });
      await context.bus.subscribe(options({ backoffMs: [60_000], deliveriesMax: 5 }), first.handle);
      await publish(context.bus, message('bad', 'bad1'), message('good', 'good1'), message('bad', 'bad2'));
      await publish(context.bus, message('good', 'good2'), message('bad', 'bad3'));
      await eventually('the good key', () => first.texts.includes('good2'));
      await context.reopen();
      await publish(context.bus, message('bad', 'bad4'), message('good', 'good3'));
      const second = new Recorder();
      await context.bus.subscribe(options({ backoffMs: [60_000], deliveriesMax: 5 }), second.handle);
      await eventually('everything', () => second.seen.length >= 5);
      await pause(50);
      expect(second.seen.filter(({ text }) => text.startsWith('bad'))).toEqual([
        { text: 'bad1', attempt: 2 },
        { text: 'bad2', attempt: 1 },
        { text: 'bad3', attempt: 1 },
        { text: 'bad4', attempt: 1 },
      ]);
      expect(second.texts.filter((text) => text.startsWith('good'))).toEqual(['good3']);
    });
  });
}
