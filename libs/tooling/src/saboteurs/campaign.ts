import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runSuites } from './run-suites.ts';
import { sabotage, type Verdict } from './sabotage.ts';
import type { Saboteur } from './saboteur.ts';

const WORDS: Readonly<Record<Verdict['kind'], string>> = {
  caught: 'caught   ',
  survived: 'SURVIVED ',
  'not tried': 'NOT TRIED',
};
/** All suites together, before anything is broken. */
const CALM_TIMEOUT_MS = 300_000;

export interface Campaign {
  readonly saboteurs: readonly Saboteur[];
  /** Copies of the workspace; one saboteur works in each at a time. */
  readonly workspaces: readonly string[];
  /** Of one saboteur. */
  readonly timeoutMs: number;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Proves the suites green, then lets every saboteur loose. Prints one line for each, in the order of the catalogue.
 * One whose suites need a server that this machine lacks is not tried, and counted.
 * @throws {Error} when a suite is not green to begin with, and the signal's reason.
 */
export async function runCampaign(campaign: Campaign): Promise<Record<Verdict['kind'], number>> {
  const { saboteurs, print } = campaign;
  const leftOut = await proveGreen(campaign);
  const verdicts: (Verdict | undefined)[] = saboteurs.map(() => undefined);
  let printed = 0;
  const printReady = (): void => {
    for (let verdict = verdicts[printed]; verdict; verdict = verdicts[printed]) {
      const place = `${String(printed + 1).padStart(String(saboteurs.length).length)}/${saboteurs.length}`;
      print(`${place} ${WORDS[verdict.kind]} ${saboteurs[printed]?.name}: ${verdict.because}`);
      printed += 1;
    }
  };
  await inLanes(campaign, saboteurs, async (workspace, saboteur, index, signal) => {
    const needed = saboteur.suites.find((suite) => leftOut.has(suite));
    verdicts[index] = needed
      ? { kind: 'not tried', because: `${needed} needs a server that this machine lacks` }
      : await sabotage(workspace, saboteur, campaign.timeoutMs, signal);
    printReady();
  });
  const count = (kind: Verdict['kind']): number => verdicts.filter((verdict) => verdict?.kind === kind).length;
  return { caught: count('caught'), survived: count('survived'), 'not tried': count('not tried') };
}

/** @returns the suites that this machine cannot run. */
async function proveGreen(campaign: Campaign): Promise<ReadonlySet<string>> {
  const suites = [...new Set(campaign.saboteurs.flatMap((saboteur) => saboteur.suites))].sort();
  const shares = campaign.workspaces.map((_, lane) =>
    suites.filter((_suite, at) => at % campaign.workspaces.length === lane),
  );
  let passed = 0;
  const leftOut = new Set<string>();
  const absent = suites.filter((suite) => !existsSync(join(campaign.workspaces[0] ?? '', suite)));
  if (absent.length > 0) throw new Error(`there is no suite ${absent.join(', ')}`);
  await inLanes(
    campaign,
    shares.filter((share) => share.length > 0),
    async (workspace, share, _, signal) => {
      const calm = await runSuites({ workspace, suites: share, bail: false, timeoutMs: CALM_TIMEOUT_MS, signal });
      const red = [
        ...calm.failed.map(({ test, message }) => `${test}: ${message.split('\n', 1)[0]}`),
        ...calm.notLoaded,
      ];
      if (calm.hung || red.length > 0 || calm.passed + calm.leftOut.length === 0) {
        const told = red.length > 0 ? red.slice(0, 20).join('\n') : calm.output.slice(-4_000);
        throw new Error(`the suites are not green to begin with:\n${told}`);
      }
      passed += calm.passed;
      for (const suite of calm.leftOut) leftOut.add(suite);
    },
  );
  campaign.print(`${suites.length - leftOut.size} suites green before, ${passed} tests`);
  return leftOut;
}

/**
 * Does the pieces of work in their order, as many at once as there are workspaces. The first failure ends them all: nothing runs in a
 * workspace any more once this has settled.
 */
async function inLanes<Work>(
  { workspaces, signal }: Campaign,
  pieces: readonly Work[],
  work: (workspace: string, piece: Work, index: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  const waiting = pieces.entries();
  const lanes = workspaces.map(async (workspace) => {
    try {
      for (const [index, piece] of waiting) await work(workspace, piece, index, ended);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
}
