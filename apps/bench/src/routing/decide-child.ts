import { createHash } from 'node:crypto';
import { createDecider, type Route } from '@slipway/routing';
import { bucketOf, murmur3 } from '@slipway/stats';
import { answerParent } from '../measure/bench-child.ts';
import type { DecidePlan } from './decide-plan.ts';

/** More than fit into the caches of a core, each met many times. */
const UNITS = 100_000;
/** Decisions between two looks at the clock. */
const BLOCK = 10_000;
const SALT = 'bench-salt';
const deploymentOf = (alias: string) => ({ model: 'flight-delay', alias });

/** A canary at three tenths, each arm the shadow of the other. */
const ROUTE: Route = {
  objective: {
    name: 'late-departure',
    description: '',
    deployment: deploymentOf('live'),
    unitKeys: ['day', 'origin'],
    shadows: [],
    experiment: 'experiment-1',
    revision: 1n,
    updateTime: 0n,
  },
  experiment: {
    id: 'experiment-1',
    name: 'canary',
    objective: 'late-departure',
    kind: 'canary',
    arms: [
      { name: 'live', deployment: deploymentOf('live') },
      { name: 'champion', deployment: deploymentOf('champion') },
    ],
    policy: {
      metric: 'log_loss',
      alpha: 0.05,
      daysMin: 3,
      daysMax: 0,
      coverageMin: 0.9,
      alias: 'live',
      steps: [100, 300, 1000],
      stepDays: 2,
      guardrailDays: 90,
      tolerance: 0,
    },
    salt: SALT,
    hashVersion: 1,
    state: 'running',
    share: 300,
    revision: 2n,
    sequence: 2n,
    step: 1,
    stepTime: 0n,
    manual: false,
    startTime: 0n,
    endTime: undefined,
    createTime: 0n,
    principal: 'bench',
    versions: [2n, 3n],
    aliasRevision: 2n,
    tolerance: 0,
    winner: '',
    move: 'none',
    decisionError: '',
  },
};

let units: readonly string[] = [];
/** What is hashed for each unit, as bytes that are there. */
let hashed: readonly Uint8Array[] = [];

const unitsOf = (seed: number): readonly string[] =>
  Array.from({ length: UNITS }, (_, index) => createHash('sha256').update(`${seed}/${index}`).digest('hex'));

/** Decisions, or hashes, per second. @throws {Error} when the arms have not the shares that they should. */
function measure({ side, seconds }: DecidePlan): number {
  const decide = createDecider(ROUTE, new Map(), () => false);
  let treated = 0;
  let done = 0;
  const one =
    side === 'decision'
      ? (index: number): boolean => decide(units[index] ?? '').arm === 'champion'
      : (index: number): boolean => bucketOf(murmur3(hashed[index] ?? new Uint8Array()), 1_000) < 300;
  const began = performance.now();
  const end = began + seconds * 1000;
  while (performance.now() < end) {
    for (let index = 0; index < BLOCK; index += 1) if (one((done + index) % UNITS)) treated += 1;
    done += BLOCK;
  }
  const rate = done / ((performance.now() - began) / 1000);
  if (Math.abs(treated / done - 0.3) > 0.02)
    throw new Error(`${treated} of ${done} units are in an arm of three tenths`);
  return rate;
}

answerParent(async (plan: DecidePlan) => {
  if (units.length === 0) {
    units = unitsOf(plan.seed);
    hashed = units.map((unit) => new TextEncoder().encode(SALT + unit));
  }
  return measure(plan);
});
