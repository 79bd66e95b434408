import { FailedPreconditionError } from '@slipway/kernel';
import type { CommandTrainerConfig } from './config.ts';
import type { ProgramEnd } from './run-program.ts';

/** What the caller is told of a program that did not end well: how it ended, and what it wrote last (with its token replaced). */
export function programFailure(
  end: ProgramEnd,
  config: CommandTrainerConfig,
  tail: readonly string[],
): FailedPreconditionError {
  const wrote = tail.length > 0 ? `; it wrote last:\n${tail.join('\n')}` : '; it wrote nothing';
  const { text, facts } = describe(end, config);
  return new FailedPreconditionError(`the training program ${text}${wrote}`, {
    reason: 'TRAINING_PROGRAM_FAILED',
    facts,
    cause: end.kind === 'not-started' ? end.error : undefined,
  });
}

function describe(
  end: ProgramEnd,
  { timeoutSeconds, memoryMebibytes }: CommandTrainerConfig,
): { text: string; facts: Record<string, string> } {
  switch (end.kind) {
    case 'exit':
      return { text: `ended with exit code ${end.code}`, facts: { end: 'exit', exitCode: `${end.code}` } };
    case 'signal':
      return { text: `was ended by ${end.signal}`, facts: { end: 'signal', signal: end.signal } };
    case 'not-started':
      return { text: `could not be started: ${end.error.message}`, facts: { end: 'not-started' } };
    case 'limit': {
      const used = `${Math.round(end.memoryBytes / 1024 / 1024)} MiB`;
      return end.limit === 'time'
        ? { text: `was ended after ${timeoutSeconds} s, its limit of time`, facts: { end: 'time' } }
        : { text: `was ended: it took ${used} of memory, and ${memoryMebibytes} MiB is its limit`, facts: { end: 'memory' } };
    }
  } // prettier-ignore
}
