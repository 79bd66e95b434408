import { DomainError } from '@slipway/kernel';
import { createProgram } from './program.ts';

try {
  await createProgram({ out: process.stdout, environment: process.env }).parseAsync(process.argv);
} catch (error) {
  const reason = error instanceof DomainError ? `${error.reason}: ` : '';
  process.stderr.write(`${reason}${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
