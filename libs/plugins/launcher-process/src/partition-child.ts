import type { PartitionWorker, WorkerModule } from '@slipway/plugin-kit';
import { toFailure, type FromWorker, type ToWorker } from './messages.ts';

// The program of a worker process: takes one attempt after the other over the channel to its parent, and ends with it.
const [moduleUrl = '', heartbeatMs = ''] = process.argv.slice(2);

const tell = (message: FromWorker): void => {
  if (process.connected) process.send?.(message);
};
process.once('disconnect', () => process.exit(0)); // the runner is gone; nobody would take the result

const module = (await import(moduleUrl)) as WorkerModule;
const worker = module.createPartitionWorker();
let stopping = new AbortController();

process.on('message', (message: ToWorker) => {
  if (message.kind === 'run') void runAttempt(worker, message);
  else if (message.kind === 'cancel') stopping.abort();
  else void worker.close().finally(() => process.exit(0));
});
tell({ kind: 'ready' });

async function runAttempt(
  { run }: Pick<PartitionWorker, 'run'>,
  { id, task }: Extract<ToWorker, { kind: 'run' }>,
): Promise<void> {
  stopping = new AbortController();
  const { signal } = stopping;
  const beat = (): void => tell({ kind: 'heartbeat', id });
  beat();
  const timer = setInterval(beat, Number(heartbeatMs));
  try {
    tell({ kind: 'done', id, result: await run.call(worker, task, signal) });
  } catch (error) {
    if (signal.aborted) return tell({ kind: 'stopped', id });
    const failure = toFailure(error);
    if (!failure) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    tell({ kind: 'failed', id, failure });
  } finally {
    clearInterval(timer);
  }
}
