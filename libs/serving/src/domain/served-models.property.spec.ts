import * as fc from 'fast-check';
import { DataLossError, seededRandom, silentLogger, UnavailableError } from '@slipway/kernel';
import { expect, it } from 'vitest';
import { ManualClock, quiesce } from '../testing/manual-clock.ts';
import { MemorySlotStore } from '../testing/memory-slot-store.ts';
import { ScriptedLoader } from '../testing/scripted-loader.ts';
import { ServedModels } from './served-models.ts';

const NEVER = new AbortController().signal;
const KEYS = [
  { workspace: 'default', model: 'flights', alias: 'champion' },
  { workspace: 'default', model: 'flights', alias: 'challenger' },
] as const;

/** What the slots must look like, in a few lines: the newest move of each alias, and whether it answered since it last was deleted. */
interface Model {
  readonly revisions: bigint[];
  readonly versions: bigint[];
  readonly answered: boolean[];
}

interface Call {
  readonly version: bigint;
  readonly finish: () => void;
  readonly answer: Promise<bigint>;
}

class Real {
  readonly clock = new ManualClock();
  readonly loader = new ScriptedLoader();
  readonly store = new MemorySlotStore();
  readonly calls: Call[] = [];
  readonly models = new ServedModels({
    loader: this.loader,
    store: this.store,
    clock: this.clock,
    random: seededRandom(3),
    log: silentLogger,
    scope: { aliases: ['*'], workspaces: ['*'] },
    retry: { attemptsMax: 3, firstDelayMs: 100, delayMsMax: 400 },
    drainMs: 1e9, // calls of this test take as long as they like
    loadsMax: 2,
    loadTimeoutMs: 1e9,
  });

  async check(model: Model): Promise<void> {
    await quiesce();
    for (const [index, key] of KEYS.entries()) {
      const found = this.models.find(key);
      if (found?.current) model.answered[index] = true;
      expect(found?.slot.desired.revision ?? 0n).toBe(model.revisions[index]);
      if (model.versions[index] === 0n) expect(found?.current).toBeUndefined();
      else if (model.answered[index]) expect(found?.current).toBeDefined();
      expect(found?.current?.ref.version).toBe(found?.slot.actual?.version);
    }
    const serving = new Set(KEYS.map((key) => this.models.find(key)?.current?.scorer));
    for (const scorer of this.loader.scorers) if (serving.has(scorer)) expect(scorer.closed).toBe(false);
  }
}

class Move implements fc.AsyncCommand<Model, Real> {
  readonly slot: number;
  readonly step: number;
  readonly version: number;
  constructor(slot: number, step: number, version: number) {
    this.slot = slot;
    this.step = step;
    this.version = version;
  }
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const known = model.revisions[this.slot] ?? 0n;
    const revision = known + BigInt(this.step);
    if (revision < 1n) return;
    const version = BigInt(this.version);
    const key = KEYS[this.slot];
    if (!key) return;
    if (revision > known) {
      model.revisions[this.slot] = revision;
      model.versions[this.slot] = version;
      if (version === 0n) model.answered[this.slot] = false;
    }
    await real.models.apply(key, { version, digest: version === 0n ? '' : `d${version}`, revision });
    await real.check(model);
  }
  toString = (): string =>
    `Move(slot ${this.slot}, revision ${this.step > 0 ? '+' : ''}${this.step}, v${this.version})`;
}

class EndLoad implements fc.AsyncCommand<Model, Real> {
  readonly pick: number;
  readonly outcome: string;
  constructor(pick: number, outcome: string) {
    this.pick = pick;
    this.outcome = outcome;
  }
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const load = real.loader.pending[this.pick % Math.max(1, real.loader.pending.length)];
    if (this.outcome === 'succeed') load?.succeed();
    else if (this.outcome === 'away') load?.fail(new UnavailableError('away'));
    else load?.fail(new DataLossError('tampered'));
    await real.check(model);
  }
  toString = (): string => `EndLoad(${this.pick}, ${this.outcome})`;
}

class StartCall implements fc.AsyncCommand<Model, Real> {
  readonly slot: number;
  constructor(slot: number) {
    this.slot = slot;
  }
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const key = KEYS[this.slot];
    const current = key && real.models.find(key)?.current;
    if (!current) return;
    const hold = Promise.withResolvers<void>();
    const answer = current.use(async (scorer) => {
      await hold.promise;
      const [output] = await scorer.score([], undefined, NEVER);
      return output?.datatype === 'INT64' ? (output.data[0] ?? -1n) : -1n;
    });
    real.calls.push({ version: current.ref.version, finish: hold.resolve, answer });
    await real.check(model);
  }
  toString = (): string => `StartCall(${this.slot})`;
}

class EndCall implements fc.AsyncCommand<Model, Real> {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const call = real.calls.shift();
    call?.finish();
    if (call) expect(await call.answer).toBe(call.version); // never by a closed scorer, never by another version
    await real.check(model);
  }
  toString = (): string => 'EndCall';
}

class Wait implements fc.AsyncCommand<Model, Real> {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    await real.clock.advance(500);
    await real.check(model);
  }
  toString = (): string => 'Wait';
}

class NextRound implements fc.AsyncCommand<Model, Real> {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    real.models.retryUnavailable();
    await real.check(model);
  }
  toString = (): string => 'NextRound';
}

const slot = fc.integer({ min: 0, max: 1 });
const commands = fc.commands(
  [
    fc
      .tuple(slot, fc.integer({ min: -2, max: 2 }), fc.integer({ min: 0, max: 4 }))
      .map(([s, r, v]) => new Move(s, r, v)),
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('succeed', 'succeed', 'away', 'tampered'))
      .map(([pick, outcome]) => new EndLoad(pick, outcome)),
    slot.map((each) => new StartCall(each)),
    fc.constant(new EndCall()),
    fc.constant(new Wait()),
    fc.constant(new NextRound()),
  ],
  { size: 'medium', maxCommands: 40 },
);

/** All loads succeed from here on; a target that failed for good gets a new move to itself, as a person would do it. */
async function comeToRest(model: Model, real: Real): Promise<void> {
  for (const [index, key] of KEYS.entries()) {
    const version = model.versions[index] ?? 0n;
    const revision = (model.revisions[index] ?? 0n) + 1n;
    if (model.revisions[index] === 0n) continue;
    model.revisions[index] = revision;
    await real.models.apply(key, { version, digest: version === 0n ? '' : `d${version}`, revision });
  }
  for (let round = 0; round < 20; round++) {
    await real.clock.advance(500);
    while (real.loader.pending[0]) {
      real.loader.pending[0].succeed();
      await quiesce();
    }
  }
}

it('serves the newest version in the end, never none in between, and never answers from a closed one', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const real = new Real();
      const model: Model = { revisions: [0n, 0n], versions: [0n, 0n], answered: [false, false] };
      await fc.asyncModelRun(() => ({ model, real }), steps);
      await comeToRest(model, real);
      await real.check(model);
      for (const [index, key] of KEYS.entries()) {
        expect(real.models.find(key)?.current?.ref.version ?? 0n).toBe(model.versions[index]);
      }
      for (const call of real.calls.splice(0)) {
        call.finish();
        expect(await call.answer).toBe(call.version);
      }
      await quiesce();
      const serving = new Set(KEYS.map((key) => real.models.find(key)?.current?.scorer));
      for (const scorer of real.loader.scorers) expect(scorer.closed).toBe(!serving.has(scorer)); // nothing leaks
      await real.models.close();
      expect(real.loader.scorers.every(({ closed }) => closed)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
