import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { startTracking } from './tracking-under-test.ts';

const STREAMS = 3;
const MESSAGE_POINTS = 500;
const ROUNDS = 3;
/** Points that are durable before the process is killed; the more, the deeper in the work. */
const KILL_AFTER_POINTS = 20_000;

interface Sent {
  readonly run: string;
  acknowledged: number;
  sent: number;
}

const metric = (stream: number, index: number) => ({
  key: `m${index % 7}`,
  value: index / 3 + stream,
  timestamp: String(1_000_000 + index),
  step: String(index),
  model_id: '',
  dataset_name: '',
  dataset_digest: '',
});

it('keeps every point it has acknowledged, once, when it is killed under load', async () => {
  const home = temporaryDirectory('slipway-tracking-kill-');
  try {
    const streams: Sent[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const tracking = await startTracking({}, home.path);
      const alice = tracking.as('alice');
      const current: Sent[] = [];
      for (let at = 0; at < STREAMS; at += 1) {
        current.push({ run: (await alice.createRun({})).run?.run_id ?? '', acknowledged: 0, sent: 0 });
      }
      streams.push(...current);
      const killed = new AbortController();
      let end: Promise<unknown> | undefined;
      const killWhenDeep = (): void => {
        const total = current.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
        if (total < KILL_AFTER_POINTS) return;
        end ??= tracking.process.kill('SIGKILL');
        killed.abort();
      };
      const load = current.map(async (stream, number) => {
        const messages = async function* () {
          while (!killed.signal.aborted) {
            const metrics = Array.from({ length: MESSAGE_POINTS }, (_, at) => metric(number, stream.sent + at));
            stream.sent += MESSAGE_POINTS;
            yield { run_id: stream.run, metrics };
            await new Promise((resolve) => void setImmediate(resolve));
          }
        };
        for await (const { durable_points } of alice.logMetrics(messages())) {
          stream.acknowledged = Number(durable_points);
          killWhenDeep();
        }
      });
      const ends = await Promise.allSettled(load);
      expect(ends.map(({ status }) => status)).toEqual(Array<string>(STREAMS).fill('rejected'));
      await end;
      await tracking.stop();
    }

    const survivor = await startTracking({}, home.path);
    const alice = survivor.as('alice');
    for (const [index, { run, acknowledged, sent }] of streams.entries()) {
      const indices: number[] = [];
      for (let key = 0; key < 7; key += 1) {
        for (let page_token = ''; ;) {
          const page = await alice.getMetricHistory({ run_id: run, key: `m${key}`, page_token });
          indices.push(...page.metrics.map(({ step }) => Number(step)));
          for (const each of page.metrics) expect(each).toEqual(metric(index % STREAMS, Number(each.step)));
          page_token = page.next_page_token;
          if (page_token === '') break;
        }
      }
      // a stream is stored from its beginning without gaps, at least as far as was acknowledged, and nothing twice
      expect(acknowledged).toBeGreaterThan(0);
      expect(indices.length).toBeGreaterThanOrEqual(acknowledged);
      expect(indices.length).toBeLessThanOrEqual(sent);
      expect(indices.sort((left, right) => left - right)).toEqual(
        Array.from({ length: indices.length }, (_, at) => at),
      );
      const latest = (await alice.getRun({ run_id: run })).run?.metrics ?? [];
      const last = indices.length - 1;
      expect(latest).toContainEqual(metric(index % STREAMS, last));
    }
    await survivor.stop();
  } finally {
    home.remove();
  }
}, 120_000);
