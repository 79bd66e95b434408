import { DomainError } from '@slipway/kernel';
import { createProgram } from './program.ts';

/** A second Ctrl-C ends the process as if nobody listened. */
function interruption(): AbortSignal {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stopped.abort(new Error(`interrupted by ${name}`)));
  return stopped.signal;
}

try {
  const surroundings = { out: process.stdout, notes: process.stderr, interruption, environment: process.env };
  await createProgram(surroundings).parseAsync(process.argv);
} catch (error) {
  const reason = error instanceof DomainError ? `${error.reason}: ` : '';
  process.stderr.write(`${reason}${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
