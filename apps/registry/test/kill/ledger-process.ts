import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LedgerOrder } from './ledger-main.ts';

const MAIN = join(import.meta.dirname, 'ledger-main.ts');

/** The consumer in a process of its own. */
export interface LedgerProcess {
  readonly ended: Promise<string>;
  /** Ends it; resolves with the signal or exit code it ended with. */
  end(signal: NodeJS.Signals): Promise<string>;
}

/** Spawns it; `ready` resolves when it consumes, or with its end when that comes first. */
export function spawnLedger(order: LedgerOrder): { readonly process: LedgerProcess; readonly ready: Promise<void> } {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => String(signal ?? code));
  const ready = Promise.race([once(child.stdout, 'data'), ended]).then(() => undefined);
  return { process: { ended, end: (signal) => endProcess(child, ended, signal) }, ready };
}

function endProcess(child: ChildProcess, ended: Promise<string>, signal: NodeJS.Signals): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  return ended;
}
