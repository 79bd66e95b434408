import { setImmediate } from 'node:timers/promises';
import { silentLogger, type Component, type Logger, type ServiceState } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHost, type Host } from './host.ts';
import { ManualClock } from './testing/manual-clock.ts';

const BUDGET_MS = 1_000;
const NAMES = ['store', 'bus', 'server'] as const;

/** Lets every promise that can go on do so. */
const settle = () => setImmediate();

/** Components whose every step waits until the test lets it go on, and a record of what was called. */
class Stage {
  readonly calls: string[] = [];
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  readonly components: readonly Component[] = NAMES.map((name) => ({
    name,
    start: (signal) => this.#step(`start ${name}`, signal),
    drain: (signal) => this.#step(`drain ${name}`, signal),
    stop: () => this.#step(`stop ${name}`),
  }));

  #step(call: string, signal?: AbortSignal): Promise<void> {
    this.calls.push(call);
    const step = Promise.withResolvers<void>();
    this.#waiting.set(call, step);
    signal?.addEventListener('abort', () => step.reject(signal.reason));
    return step.promise;
  }

  get waiting(): string | undefined {
    return [...this.#waiting.keys()][0];
  }

  end(error?: Error): void {
    const call = this.waiting ?? '';
    const step = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (error) step?.reject(error);
    else step?.resolve();
  }
}

/** Ten lines: which call comes next, given how the ones before ended. */
class Model {
  state: ServiceState = 'created';
  started = 0;
  todo: string[] = [];
  calls: string[] = [];
  clean = true;

  begin(): void {
    this.state = 'starting';
    this.todo = NAMES.map((name) => `start ${name}`);
  }
  reversed(verb: string): string[] {
    return NAMES.slice(0, this.started)
      .reverse()
      .map((name) => `${verb} ${name}`);
  }
  drain(): void {
    this.state = 'draining';
    this.todo = [...this.reversed('drain'), ...this.reversed('stop')];
  }
  /** The current call goes ahead; notes it. */
  note(): void {
    const call = this.todo[0];
    if (call === undefined || this.calls.includes(call)) return;
    this.calls.push(call);
    if (call.startsWith('start')) this.started += 1;
  }
  end(failed: boolean): void {
    const call = this.todo.shift();
    if (failed && call?.startsWith('start')) this.todo = this.reversed('stop');
    if (failed) this.clean = false;
    if (this.todo.length > 0) return;
    if (this.state === 'starting') this.state = this.clean ? 'serving' : 'failed';
    else this.state = this.clean ? 'stopped' : 'failed';
  }
  expire(): void {
    this.calls.push(...this.todo.slice(1));
    this.todo = [];
    this.clean = false;
    this.state = 'failed';
  }
}

interface Real {
  readonly host: Host;
  readonly stage: Stage;
  readonly clock: ManualClock;
  /** How often each change of state was seen, over all runs. */
  readonly moves: Map<string, number>;
}

function command(
  name: string,
  check: (model: Model) => boolean,
  act: (model: Model, real: Real) => void,
): fc.AsyncCommand<Model, Real> {
  return {
    check,
    async run(model, real) {
      const before = model.state;
      act(model, real);
      model.note();
      await settle();
      expect(real.host.state).toBe(model.state);
      expect(real.stage.calls).toEqual(model.calls);
      const move = `${before} -> ${model.state}`;
      real.moves.set(move, (real.moves.get(move) ?? 0) + 1);
    },
    toString: () => name,
  };
}

const ignore = (): void => undefined;
const start = command(
  'start',
  (model) => model.state === 'created',
  (model, { host }) => {
    model.begin();
    host.start().catch(ignore);
  },
);
const drain = command(
  'drain',
  (model) => model.state === 'serving',
  (model, { host }) => {
    model.drain();
    host.drain().catch(ignore);
  },
);
const drainAgain = command(
  'drain again',
  (model) => ['draining', 'stopped'].includes(model.state),
  (_model, { host }) => void host.drain().catch(ignore),
);
const drainUnstarted = command(
  'drain what never started',
  (model) => model.state === 'created',
  (model, { host }) => {
    model.state = 'stopped';
    host.drain().catch(ignore);
  },
);
const end = (failed: boolean) =>
  command(
    failed ? 'the step fails' : 'the step ends',
    (model) => model.todo.length > 0,
    (model, { stage }) => {
      stage.end(failed ? new Error('planned') : undefined);
      model.end(failed);
    },
  );
const expire = command(
  'the budget runs out',
  (model) => model.state === 'draining',
  (model, { clock }) => {
    model.expire();
    clock.advance(BUDGET_MS);
  },
);

describe('the host', () => {
  it('for all orders of events agrees with the model', async () => {
    // weighted so that most runs get through a start and into draining
    const weighted = [start, start, drain, drain, drainAgain, drainUnstarted, end(true), expire];
    const commands = [...weighted, ...Array.from({ length: 12 }, () => end(false))].map((each) => fc.constant(each));
    const moves = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (steps) => {
        const stage = new Stage();
        const clock = new ManualClock();
        const host = createHost(stage.components, { drainBudgetMs: BUDGET_MS, log: silentLogger, clock });
        await fc.asyncModelRun(() => ({ model: new Model(), real: { host, stage, clock, moves } }), steps);
      }),
      { numRuns: 400 },
    );
    const all = ['created -> starting', 'created -> stopped', 'starting -> serving', 'starting -> failed'];
    for (const move of [...all, 'serving -> draining', 'draining -> stopped', 'draining -> failed']) {
      expect(moves.get(move) ?? 0, move).toBeGreaterThan(0);
    }
  });

  it('ends a start that is told to stop, also one that ignores its signal', async () => {
    for (const listens of [true, false]) {
      const clock = new ManualClock();
      const stopped: string[] = [];
      const stuck: Component = {
        name: 'stuck',
        start: (signal) =>
          new Promise((_, reject) => {
            if (listens) signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
        stop: async () => void stopped.push('stuck'),
      };
      const host = createHost([stuck], { drainBudgetMs: BUDGET_MS, log: silentLogger, clock });
      const starting = host.start();
      const refused = expect(starting).rejects.toThrow('told to stop');
      const draining = host.drain();
      await settle();
      expect(host.state).toBe(listens ? 'failed' : 'starting');
      clock.advance(BUDGET_MS);
      await refused;
      expect(await draining).toBe('aborted');
      expect(stopped).toEqual(['stuck']);
    }
  });

  it('names what is unfinished and aborts its signal when the budget runs out', async () => {
    const clock = new ManualClock();
    const lines: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (fields) => void lines.push(fields) };
    let aborted = false;
    const slow: Component = {
      name: 'slow',
      start: async () => undefined,
      drain: (signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
      stop: async () => undefined,
    };
    const quick: Component = { name: 'quick', start: async () => undefined, stop: async () => undefined };
    const host = createHost([slow, quick], { drainBudgetMs: BUDGET_MS, log, clock });
    await host.start();
    const draining = host.drain();
    await settle();
    clock.advance(BUDGET_MS);
    expect(await draining).toBe('aborted');
    expect(aborted).toBe(true);
    expect(lines).toContainEqual({ budgetMs: BUDGET_MS, unfinished: ['quick', 'slow'] });
    expect(clock.sleepers).toBe(0);
  });

  it('cannot be started twice', async () => {
    const host = createHost([], { drainBudgetMs: BUDGET_MS, log: silentLogger, clock: new ManualClock() });
    await host.start();
    await expect(host.start()).rejects.toThrow('cannot go from serving to starting');
  });
});
