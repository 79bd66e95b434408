import { FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import type { SubscribeOptions } from '../index.ts';
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

/** Durables, acknowledgement, redelivery, dead letters, bounds. */
export function deliveryContract(context: SuiteContext): void {
  describe('durables', () => {
    it('begin at the beginning or now', async () => {
      await publish(context.bus, message('k', 'before'));
      const [all, fresh] = [new Recorder(), new Recorder()];
      await context.bus.subscribe(options({ durable: 'all' }), all.handle);
      await context.bus.subscribe(options({ durable: 'fresh', from: 'now' }), fresh.handle);
      await publish(context.bus, message('k', 'after'));
      await eventually('delivery to both', () => all.seen.length >= 2 && fresh.seen.length >= 1);
      await pause(50);
      expect(all.texts).toEqual(['before', 'after']);
      expect(fresh.texts).toEqual(['after']);
    });

    it('keep their position across close and open, also one from now that saw nothing', async () => {
      const first = new Recorder();
      await context.bus.subscribe(options(), first.handle);
      const unused = await context.bus.subscribe(options({ durable: 'idle', from: 'now' }), new Recorder().handle);
      await unused.drain();
      await publish(context.bus, message('k', '1'), message('k', '2'));
      await eventually('two messages', () => first.seen.length === 2);
      await context.reopen();
      await publish(context.bus, message('k', '3'));
      const [second, idle] = [new Recorder(), new Recorder()];
      await context.bus.subscribe(options(), second.handle);
      await context.bus.subscribe(options({ durable: 'idle', from: 'now' }), idle.handle);
      await eventually('the third message', () => second.seen.length >= 1 && idle.seen.length >= 3);
      await pause(50);
      expect(second.texts).toEqual(['3']);
      expect(idle.texts).toEqual(['1', '2', '3']);
    });

    it.each<[string, readonly string[]]>([
      [`${SUBJECT}.*`, ['a', 'b']],
      [`${SUBJECT}.>`, ['a', 'b', 'a.deep']],
      ['slipway.v1.*.suite.thing.happened.a', ['a']],
      ['slipway.v1.default.*.thing.*.a.deep', ['a.deep']],
      ['slipway.v1.other.>', ['other']],
    ])('see the subjects of filter %s only', async (subject, expected) => {
      await publish(
        context.bus,
        message('k', 'a', { subject: `${SUBJECT}.a` }),
        message('k', 'b', { subject: `${SUBJECT}.b` }),
        message('k', 'a.deep', { subject: `${SUBJECT}.a.deep` }),
        message('k', 'short', { subject: SUBJECT }),
        message('k', 'other', { subject: 'slipway.v1.other.suite.thing.happened.b' }),
      );
      const recorder = new Recorder();
      await context.bus.subscribe(options({ subject }), recorder.handle);
      await eventually('the matching messages', () => recorder.seen.length >= expected.length);
      await pause(50);
      expect(recorder.texts).toEqual(expected);
    });

    it('begin anew when they were forgotten', async () => {
      await publish(context.bus, message('k', '1'));
      const first = new Recorder();
      const subscription = await context.bus.subscribe(options(), first.handle);
      await eventually('the message', () => first.seen.length === 1);
      await subscription.drain();
      await context.bus.forget('suite');
      await context.bus.forget('suite');
      await context.bus.forget('never-made');
      const again = new Recorder();
      await context.bus.subscribe(options({ subject: `${SUBJECT}.*` }), again.handle); // another filter than before
      await eventually('the message again', () => again.seen.length === 1);
      expect(again.seen).toEqual([{ text: '1', attempt: 1 }]);
    });

    it('tell when a message was stored', async () => {
      const before = Date.now();
      await publish(context.bus, message('k', '1'));
      const recorder = new Recorder();
      await context.bus.subscribe(options(), recorder.handle);
      await eventually('the message', () => recorder.deliveries.length === 1);
      const storedAtMs = recorder.deliveries[0]?.storedAtMs ?? 0;
      expect(storedAtMs).toBeGreaterThanOrEqual(before);
      expect(storedAtMs).toBeLessThanOrEqual(Date.now());
    });

    it('hand over several messages of a key in order where the subscriber asks for it, and those that fail again one by one', async () => {
      const texts = Array.from({ length: 12 }, (_, at) => `${at}`);
      let rejecting = true;
      const failed = new Set<string>();
      // the third fails once, and with it what is behind it, as the contract of `keyRunMax` has it
      const recorder = new Recorder(async (delivery) => {
        const text = new TextDecoder().decode(delivery.data);
        await pause(20);
        if (!rejecting || Number(text) < 2) return;
        failed.add(text);
        setTimeout(() => (rejecting = false), 10);
        throw new Error('not yet');
      });
      await publish(context.bus, ...texts.map((text) => message('k', text)));
      await context.bus.subscribe(options({ keyRunMax: 4, deliveriesMax: 2 }), recorder.handle);
      await eventually('all, and a few again', () => new Set(recorder.texts).size === 12 && recorder.running === 0);
      await pause(50);
      expect(recorder.runningMax).toBe(4);
      expect([...failed]).toEqual(['2', '3', '4']);
      expect(recorder.texts).toEqual(['0', '1', '2', '3', '4', '2', ...texts.slice(3)]); // the first came alone
      expect(recorder.seen.every(({ attempt }) => attempt === 1)).toBe(true); // a failed run is not charged
    });

    it('refuse another filter', async () => {
      const subscription = await context.bus.subscribe(options(), new Recorder().handle);
      await subscription.drain();
      await expect(
        context.bus.subscribe(options({ subject: `${SUBJECT}.a` }), new Recorder().handle),
      ).rejects.toBeInstanceOf(FailedPreconditionError);
    });

    it.each<[string, Partial<SubscribeOptions>]>([
      ['a durable with a dot', { durable: 'a.b' }],
      ['a filter with a wildcard inside', { subject: 'slipway.>.a' }],
      ['no delivery at all', { deliveriesMax: 0 }],
      ['no backoff', { backoffMs: [] }],
      ['nothing in flight', { inFlightMax: 0 }],
    ])('refuse %s', async (_, overrides) => {
      await expect(context.bus.subscribe(options(overrides), new Recorder().handle)).rejects.toBeInstanceOf(
        InvalidArgumentError,
      );
    });
  });

  describe('delivery', () => {
    it('acknowledges only what the handler finished: the rest comes again after a restart', async () => {
      const first = new Recorder((delivery, signal) =>
        delivery.key.endsWith('slow') ? new Promise((_, reject) => abortInto(signal, reject)) : undefined,
      );
      await context.bus.subscribe(options({ handlerTimeoutMs: 200 }), first.handle);
      await publish(context.bus, message('slow', 's'), message('fast', 'f'));
      await eventually('both deliveries', () => first.seen.length >= 2);
      await context.reopen();
      const second = new Recorder();
      await context.bus.subscribe(options(), second.handle);
      await eventually('the slow message', () => second.seen.length >= 1);
      await pause(50);
      expect(second.texts).toEqual(['s']);
    });

    it('repeats a failed delivery after the backoff and counts attempts', async () => {
      const at: number[] = [];
      const recorder = new Recorder((delivery) => {
        at.push(performance.now());
        if (delivery.attempt < 3) throw new Error('not yet');
      });
      const subscription = await context.bus.subscribe(options({ backoffMs: [40, 80] }), recorder.handle);
      await publish(context.bus, message('k', 'x'));
      await eventually('the third attempt', () => recorder.seen.length === 3 && subscription.status().inFlight === 0);
      expect(recorder.seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      const [one = 0, two = 0, three = 0] = at;
      expect(two - one).toBeGreaterThanOrEqual(38); // timers may fire a millisecond early
      expect(three - two).toBeGreaterThanOrEqual(78);
      expect(subscription.status()).toMatchObject({ delivered: 3n, redelivered: 2n, deadLettered: 0n });
    });

    it('counts attempts across restarts', async () => {
      const failing = (): Recorder =>
        new Recorder(() => {
          throw new Error('always');
        });
      await publish(context.bus, message('k', 'x'));
      const first = failing();
      await context.bus.subscribe(options({ backoffMs: [60_000] }), first.handle);
      await eventually('attempt 1', () => first.seen.length === 1);
      await context.reopen();
      const second = failing();
      await context.bus.subscribe(options({ backoffMs: [60_000] }), second.handle);
      await eventually('attempt 2', () => second.seen.length === 1);
      await context.reopen();
      const third = failing();
      const subscription = await context.bus.subscribe(options({ backoffMs: [60_000] }), third.handle);
      await eventually('the dead letter', () => subscription.status().deadLettered === 1n);
      expect([...first.seen, ...second.seen, ...third.seen].map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    });

    it('dead-letters after the last delivery, once, and the key goes on', async () => {
      const recorder = new Recorder((delivery) => {
        if (delivery.attempt > 0 && recorder.texts.at(-1) === 'poison') throw new Error('cannot read it');
      });
      const letters = new Recorder();
      await context.bus.subscribe(
        options({ durable: 'letters', subject: 'slipway.v1.default.suite.dead-letter.>' }),
        letters.handle,
      );
      const subscription = await context.bus.subscribe(options(), recorder.handle);
      const poison = message('k', 'poison');
      await publish(context.bus, poison, message('k', 'after'));
      await eventually('the next message of the key', () => recorder.texts.includes('after'));
      await eventually('the dead letter', () => letters.seen.length === 1);
      expect(recorder.texts).toEqual(['poison', 'poison', 'poison', 'after']);
      expect(letters.deliveries[0]).toMatchObject({
        id: `dead-${poison.id}`,
        headers: { error: 'cannot read it', attempt: '3' },
      });
      expect(subscription.status().deadLettered).toBe(1n);
      await context.reopen();
      const again = new Recorder();
      await context.bus.subscribe(options(), again.handle);
      await publish(context.bus, message('k', 'last'));
      await eventually('only the new message', () => again.seen.length > 0);
      expect(again.texts).toEqual(['last']);
    });

    it('aborts a handler after its timeout and counts that as a failure', async () => {
      const reasons: unknown[] = [];
      const recorder = new Recorder((delivery, signal) =>
        delivery.attempt === 1
          ? new Promise((_, reject) =>
              abortInto(signal, (reason) => {
                reasons.push(reason);
                reject(reason);
              }),
            )
          : undefined,
      );
      const subscription = await context.bus.subscribe(options({ handlerTimeoutMs: 60 }), recorder.handle);
      await publish(context.bus, message('k', 'x'));
      await eventually('the second attempt', () => recorder.seen.length === 2 && subscription.status().inFlight === 0);
      expect(recorder.seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(reasons).toHaveLength(1);
    });

    it('extends the ack wait while a handler runs: no second delivery', async () => {
      const recorder = new Recorder(() => pause(1_800));
      const subscription = await context.bus.subscribe(options({ ackWaitMs: 500 }), recorder.handle);
      await publish(context.bus, message('k', 'slow'), message('k', 'behind'));
      await eventually('both done', () => recorder.seen.length >= 2 && subscription.status().inFlight === 0);
      expect(recorder.seen).toEqual([
        { text: 'slow', attempt: 1 },
        { text: 'behind', attempt: 1 },
      ]);
    });

    it('holds no more than its bound', async () => {
      const gate = Promise.withResolvers<void>();
      const recorder = new Recorder(() => gate.promise);
      const subscription = await context.bus.subscribe(options({ inFlightMax: 4 }), recorder.handle);
      await publish(context.bus, ...Array.from({ length: 20 }, (_, n) => message(`k${n}`, `${n}`)));
      await eventually('the bound', () => recorder.running === 4);
      await pause(100);
      expect(recorder.running).toBe(4);
      expect(subscription.status().inFlight).toBe(4);
      gate.resolve();
      await eventually('all', () => recorder.seen.length === 20);
      expect(recorder.runningMax).toBeLessThanOrEqual(4);
    });

    it('drains: running handlers finish and are acknowledged, nothing new begins', async () => {
      const gate = Promise.withResolvers<void>();
      const recorder = new Recorder(() => gate.promise);
      const subscription = await context.bus.subscribe(options(), recorder.handle);
      await publish(context.bus, message('a', 'a1'), message('a', 'a2'), message('b', 'b1'));
      await eventually('two running', () => recorder.running === 2);
      let isDrained = false;
      const drained = subscription.drain().then(() => (isDrained = true));
      expect(subscription.status().state).toBe('draining');
      await publish(context.bus, message('c', 'c1'));
      await pause(100);
      expect(isDrained).toBe(false);
      gate.resolve();
      await drained;
      await subscription.drain();
      expect(subscription.status()).toMatchObject({ state: 'closed', delivered: 2n });
      expect(recorder.texts.toSorted()).toEqual(['a1', 'b1']);
      const next = new Recorder();
      await context.bus.subscribe(options(), next.handle);
      await eventually('the rest', () => next.seen.length >= 2);
      await pause(50);
      expect(next.texts.toSorted()).toEqual(['a2', 'c1']);
    });

    it('closing the bus drains its subscriptions', async () => {
      const recorder = new Recorder(() => pause(150));
      const subscription = await context.bus.subscribe(options(), recorder.handle);
      await publish(context.bus, message('a', 'a1'));
      await eventually('it runs', () => recorder.running === 1);
      await context.reopen();
      expect(recorder.running).toBe(0);
      expect(subscription.status().state).toBe('closed');
      const next = new Recorder();
      await context.bus.subscribe(options(), next.handle);
      await publish(context.bus, message('a', 'a2'));
      await eventually('only the new one', () => next.seen.length > 0);
      expect(next.texts).toEqual(['a2']);
    });
  });
}

function abortInto(signal: AbortSignal, reject: (reason: unknown) => void): void {
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
}
