import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** A program of the bench in a process of its own that answers one request at a time. */
export interface BenchChild {
  readonly pid: number;
  /** @throws {Error} what the child threw, or that it has ended. */
  ask<Answer>(request: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** What a child answers. */
export type ChildAnswer = { readonly answer: unknown } | { readonly error: string };

/** @param name of the file in this app, from `src` and without its ending, e.g. `inference/echo-child`. */
export function startChild(name: string): BenchChild {
  const child = fork(join(import.meta.dirname, '..', `${name}.ts`), {
    serialization: 'advanced', // buffers cross as they are
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });
  return {
    pid: child.pid ?? 0,
    ask: (request) => ask(child, name, ended, request),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL'); // it holds nothing that has to be put away
      await ended;
    },
  };
}

async function ask<Answer>(
  child: ChildProcess,
  name: string,
  ended: Promise<string>,
  request: object,
): Promise<Answer> {
  let listener: (answer: ChildAnswer) => void = () => undefined;
  const answered = new Promise<ChildAnswer>((resolve) => {
    listener = resolve;
    child.once('message', listener);
  });
  child.send(request);
  const outcome = await Promise.race([answered, ended]);
  child.off('message', listener);
  if (typeof outcome === 'string') throw new Error(`${name} ${outcome}`);
  if ('error' in outcome) throw new Error(`${name}: ${outcome.error}`);
  return outcome.answer as Answer;
}

/** The child's side: answers each request with what `handler` makes of it. */
export function answerParent(handler: (request: never) => Promise<unknown>): void {
  const parent = process;
  parent.on('message', (request: unknown) => {
    handler(request as never).then(
      (answer) => parent.send?.({ answer } satisfies ChildAnswer),
      (error: unknown) => parent.send?.({ error: String(error) } satisfies ChildAnswer),
    );
  });
  parent.once('disconnect', () => parent.exit()); // never outlives the bench
}
