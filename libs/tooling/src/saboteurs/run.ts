/**
 * Breaks one guard at a time in a copy of the workspace and demands that its suites turn red. Exits 1 when one stays green.
 * `npm run test:saboteurs -- <text>` runs those whose name or file contains the text.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { runCampaign } from './campaign.ts';
import { SABOTEURS } from './catalogue.ts';
import { copyWorkspace } from './workspace-copy.ts';

const root = resolve(import.meta.dirname, '../../../..');
/** More at once would make suites late that watch the clock. */
const LANES_MAX = 2;
const SABOTEUR_TIMEOUT_MS = 90_000;

const text = process.argv.slice(2).join(' ');
const chosen = SABOTEURS.filter(({ name, file }) => name.includes(text) || file.includes(text));
const stopped = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => stopped.abort(new Error(`stopped by ${name}`)));
}
const lanes = Math.max(1, Math.min(LANES_MAX, availableParallelism(), chosen.length));
const copies = Array.from({ length: lanes }, () => copyWorkspace(root));
try {
  if (chosen.length === 0) throw new Error(`no saboteur's name or file contains '${text}'`);
  const {
    caught,
    survived,
    'not tried': skipped,
  } = await runCampaign({
    saboteurs: chosen,
    workspaces: copies.map(({ path }) => path),
    timeoutMs: SABOTEUR_TIMEOUT_MS,
    print: (line) => void process.stdout.write(`${line}\n`),
    signal: stopped.signal,
  });
  process.stdout.write(`\n${caught} passed, ${survived} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = survived > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  for (const copy of copies) copy.remove();
}
