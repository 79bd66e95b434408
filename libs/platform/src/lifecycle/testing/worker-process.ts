// A process with one component, for the test of signals: argv[2] says how it behaves, stdout what it does.
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger, systemClock, type Component } from '@slipway/kernel';
import { createHost } from '../host.ts';
import { runProcess } from '../run-process.ts';

const behaviour = process.argv[2];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

let work: Promise<void> = Promise.resolve();
const keepAlive = setInterval(() => undefined, 1_000);
const worker: Component = {
  name: 'worker',
  start: async () => {
    if (behaviour === 'fails') throw new Error('port 50051 is taken', { cause: new Error('EADDRINUSE') });
    work = behaviour === 'stuck' ? new Promise(() => undefined) : delay(300);
    void work.then(() => say('work done'));
    if (behaviour === 'faulty') setTimeout(() => void Promise.reject(new Error('forgotten')), 10);
  },
  drain: () => {
    say('draining');
    return work;
  },
  stop: async () => {
    clearInterval(keepAlive);
    say('stopped');
  },
};
const host = createHost([worker], {
  drainBudgetMs: behaviour === 'late' ? 50 : 20_000,
  log: silentLogger,
  clock: systemClock,
});
await runProcess(host, process, silentLogger);
if (host.state === 'serving') say('serving');
