import type { Logger } from '@slipway/kernel';
import type { Host } from './host.ts';

/** What `runProcess` needs of `process`; only `main.ts` hands in the real one. */
export interface ProcessHandle {
  on(event: string, listener: (cause: unknown) => void): unknown;
  removeListener(event: string, listener: (cause: unknown) => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

/** Whatever makes one line for people out of an error. */
export type DescribeError = (error: unknown) => string;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Runs a host as this process: SIGTERM or SIGINT drains and exits with 0 (1 when the budget ran out), a second signal exits with 1 at once,
 * an unhandled fault is logged, drains and exits with 1, a failed start prints why and exits with 1.
 */
export async function runProcess(
  host: Host,
  process: ProcessHandle,
  log: Logger,
  describe: DescribeError = describeError,
): Promise<void> {
  let stopping = false;
  let exitCode = 0;
  const drain = (): void => {
    stopping = true;
    void host.drain().then(
      (outcome) => process.exit(outcome === 'clean' ? exitCode : 1),
      (error: unknown) => {
        log.error({ err: error }, 'draining failed');
        process.exit(1);
      },
    );
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      log.info({ signal }, stopping ? 'second signal: exiting at once' : 'signal: draining');
      if (stopping) process.exit(1);
      else drain();
    });
  }
  for (const fault of FAULTS) {
    process.on(fault, (cause) => {
      log.error({ err: cause, fault }, 'a fault nobody handled; draining');
      exitCode = 1;
      if (!stopping) drain();
    });
  }
  try {
    await host.start();
  } catch (error) {
    if (stopping) return; // `drain` exits
    process.stderr.write(`cannot start: ${describe(error)}\n`);
    process.exit(1);
  }
}

/** Messages of an error and of its causes on one line. */
export function describeError(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error && messages.length < 5; cause = cause.cause)
    messages.push(cause.message);
  return messages.length > 0 ? messages.join(': ') : String(error);
}
