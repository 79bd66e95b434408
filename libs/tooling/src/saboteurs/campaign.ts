import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runSuites } from './run-suites.ts';
import { sabotage, type Verdict } from './sabotage.ts';
import type { Saboteur } from './saboteur.ts';

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
 * @returns how many survived. @throws {Error} when a suite is not green to begin with, and the signal's reason.
 */
export async function runCampaign(campaign: Campaign): Promise<{ readonly caught: number; readonly survived: number }> {
  const { saboteurs, print } = campaign;
  await proveGreen(campaign);
  const verdicts: (Verdict | undefined)[] = saboteurs.map(() => undefined);
  let printed = 0;
  const printReady = (): void => {
    for (let verdict = verdicts[printed]; verdict; verdict = verdicts[printed]) {
      const place = `${String(printed + 1).padStart(String(saboteurs.length).length)}/${saboteurs.length}`;
      print(`${place} ${verdict.caught ? 'caught  ' : 'SURVIVED'} ${saboteurs[printed]?.name}: ${verdict.because}`);
      printed += 1;
    }
  };
  await inLanes(campaign, saboteurs, async (workspace, saboteur, index) => {
    verdicts[index] = await sabotage(workspace, saboteur, campaign.timeoutMs, campaign.signal);
    printReady();
  });
  const caught = verdicts.filter((verdict) => verdict?.caught).length;
  return { caught, survived: saboteurs.length - caught };
}

async function proveGreen(campaign: Campaign): Promise<void> {
  const suites = [...new Set(campaign.saboteurs.flatMap((saboteur) => saboteur.suites))].sort();
  const shares = campaign.workspaces.map((_, lane) =>
    suites.filter((_suite, at) => at % campaign.workspaces.length === lane),
  );
  let passed = 0;
  const absent = suites.filter((suite) => !existsSync(join(campaign.workspaces[0] ?? '', suite)));
  if (absent.length > 0) throw new Error(`there is no suite ${absent.join(', ')}`);
  await inLanes(
    campaign,
    shares.filter((share) => share.length > 0),
    async (workspace, share) => {
      const { signal } = campaign;
      const calm = await runSuites({ workspace, suites: share, bail: false, timeoutMs: CALM_TIMEOUT_MS, signal });
      const red = [...calm.failed.map(({ test, message }) => `${test}: ${message}`), ...calm.notLoaded];
      if (calm.hung || red.length > 0 || calm.passed === 0) {
        throw new Error(`the suites are not green to begin with:\n${red.join('\n')}\n${calm.output.slice(-4_000)}`);
      }
      passed += calm.passed;
    },
  );
  campaign.print(`${suites.length} suites green before, ${passed} tests`);
}

/** Does the pieces of work in their order, as many at once as there are workspaces. */
async function inLanes<Work>(
  { workspaces }: Campaign,
  pieces: readonly Work[],
  work: (workspace: string, piece: Work, index: number) => Promise<void>,
): Promise<void> {
  const waiting = pieces.entries();
  await Promise.all(
    workspaces.map(async (workspace) => {
      for (const [index, piece] of waiting) await work(workspace, piece, index);
    }),
  );
}
