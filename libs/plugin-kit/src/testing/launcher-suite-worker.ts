import { setTimeout as delay } from 'node:timers/promises';
import { FailedPreconditionError, type JsonValue } from '@slipway/kernel';
import type { PartitionWorker } from '../launcher.ts';

/** What the suite has workers do. */
export type SuiteTask =
  | { readonly do: 'echo'; readonly value: JsonValue }
  | { readonly do: 'who' }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'answer-late'; readonly ms: number }
  | { readonly do: 'block'; readonly ms: number }
  | { readonly do: 'refuse' }
  | { readonly do: 'fail' }
  | { readonly do: 'die' };

async function act(task: SuiteTask, signal: AbortSignal): Promise<JsonValue> {
  switch (task.do) {
    case 'echo':
      return task.value;
    case 'who':
      return process.pid;
    case 'sleep':
      await delay(task.ms, undefined, { signal });
      return 'slept';
    case 'answer-late':
      await delay(task.ms);
      return 'late';
    case 'block':
      for (const end = performance.now() + task.ms; performance.now() < end;);
      return 'blocked';
    case 'refuse':
      throw new FailedPreconditionError('the file is another one', {
        reason: 'INPUT_REPLACED',
        facts: { file: 'a.parquet' },
      });
    case 'fail':
      throw new Error('secret words of a bug');
    case 'die':
      process.kill(process.pid, 'SIGKILL');
      return delay(60_000);
  }
}

export const createPartitionWorker = (): PartitionWorker => ({
  run: (task, signal) => act(task as unknown as SuiteTask, signal),
  close: () => Promise.resolve(),
});
