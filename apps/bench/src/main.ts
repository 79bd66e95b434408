import { writeFileSync } from 'node:fs';
import { BENCH_ROWS } from './bench-rows.ts';
import { benchHelp, readBenchOptions, type BenchOptions } from './options.ts';
import { describeMachine } from './report/machine.ts';
import { describeMisses, describeResults } from './report/table.ts';
import { runBench } from './run-bench.ts';

async function main(options: BenchOptions): Promise<void> {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stopped.abort(new Error(`ended by ${name}`)));
  const began = performance.now();
  const head = `${describeMachine()}\ninputs    seed ${options.seed}, ${options.rounds} interleaved rounds, every row of data distinct`;
  process.stdout.write(`${head}\n\n`);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const { results, notes, failures } = await runBench(BENCH_ROWS, options, stopped.signal, say);
  const style = { verdicts: !options.smoke, colour: process.stdout.isTTY };
  process.stdout.write(`${describeResults(results, style)}\n`);
  for (const note of notes) process.stdout.write(`note: ${note}\n`);
  if (style.verdicts) process.stdout.write(`\n${describeMisses(results)}`);
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`${seconds.toFixed(0)} s${options.smoke ? ', too short for verdicts' : ''}\n`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ head, options, results, notes, failures, seconds }, null, 2)}\n`);
}

try {
  const options = readBenchOptions(
    process.argv.slice(2),
    BENCH_ROWS.map(({ name }) => name),
  );
  if (options.help) process.stdout.write(benchHelp(BENCH_ROWS));
  else await main(options);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
