import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock, type JsonValue } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { filled, type StepContext, type StepResult } from '../../domain/step-kind.ts';
import { parseCommands } from './command-file.ts';
import { commandKind } from './command-kind.ts';

const PROGRAMS: Readonly<Record<string, string>> = {
  echo: `console.log('working'); console.log(JSON.stringify({ day: JSON.parse(process.env.SLIPWAY_PARAMETERS).day, id: process.env.SLIPWAY_REQUEST_ID, secret: process.env.SECRET ?? 'unseen', seen: process.env.SEEN }));`,
  fail: `console.error('no disk'); process.exit(3);`,
  loud: `process.stdout.write('x'.repeat(3000000), () => console.log('{"lost":1}'));`,
  // ignores SIGTERM and has a child that would outlive it
  stubborn: `process.on('SIGTERM', () => undefined); const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']); require('node:fs').writeFileSync('pids', process.pid + ' ' + child.pid); setInterval(() => undefined, 1000);`,
};

describe('commands', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const kindOf = () => {
    const entries = Object.entries(PROGRAMS).map(([name, source]) => {
      writeFileSync(join(directory.path, `${name}.cjs`), source);
      const limits = name === 'stubborn' ? 'timeoutSeconds: 1, graceSeconds: 0' : 'timeoutSeconds: 20';
      const parameters =
        name === 'echo' ? 'parameters: { day: {}, count: { type: number, required: false } }' : 'parameters: {}';
      return `  ${name}: { program: ${process.execPath}, arguments: [${name}.cjs], environment: [PATH, SEEN], ${limits}, outputBytesMax: 100000, ${parameters} }`;
    });
    const content = `apiVersion: slipway.commands/v1\ncommands:\n${entries.join('\n')}\n`;
    return commandKind(parseCommands(content, directory.path), { PATH: process.env['PATH'], SECRET: 's', SEEN: 'yes' });
  };
  const execute = (input: JsonValue, signal = AbortSignal.timeout(20_000)): Promise<StepResult> => {
    const kind = kindOf();
    const context = { workspace: 'w', pipeline: 'p', runId: 'r', step: 's', key: 'r.s', clock: systemClock, log: silentLogger, signal }; // prettier-ignore
    return kind.execute(kind.schema(filled).parse(input), context as unknown as StepContext);
  };
  /** Whether a process is there and has not ended. */
  const isAlive = (pid: number): boolean => {
    const file = `/proc/${pid}/stat`;
    return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
  };

  it('gets typed parameters and named variables, and its last line is the result', async () => {
    const result = await execute({ command: 'echo', parameters: { day: '2001-04-28' } });
    expect(result).toEqual({ day: '2001-04-28', id: 'r.s', secret: 'unseen', seen: 'yes', message: "command 'echo' is done" }); // prettier-ignore
  });

  it.each<[string, JsonValue, string]>([
    ['a command that is not in the file', { command: 'ehco' }, "did you mean 'echo'?"],
    ['a parameter that is missing', { command: 'echo' }, 'parameters.day: is missing'],
    ['a parameter that is not declared', { command: 'echo', parameters: { day: 'x', no: 1 } }, 'no such parameter'],
    ['a parameter of another type', { command: 'echo', parameters: { day: 7 } }, 'must be a string'],
    ['a program that fails', { command: 'fail' }, 'ended with code 3; no disk'],
  ])('%s is refused', async (_, input, problem) => {
    await expect(execute(input)).rejects.toThrow(problem);
  });

  it('keeps the beginning of what a program writes, and lets it end', async () => {
    expect(await execute({ command: 'loud' })).toEqual({ message: "command 'loud' is done" });
  });

  it.each(['its time is over', 'the step is stopped'])('kills the whole group when %s', async (why) => {
    const stop = new AbortController();
    const isStopped = why === 'the step is stopped';
    const running = execute({ command: 'stubborn' }, stop.signal);
    const ended = running.catch((error: unknown) => error as Error);
    if (isStopped) {
      while (!existsSync(join(directory.path, 'pids'))) await systemClock.sleep(20);
      stop.abort(new Error('stopped'));
    }
    expect((await ended) as Error).toMatchObject({
      message: expect.stringContaining(isStopped ? 'stopped' : 'ran longer than 1 s') as string,
    });
    const pids = readFileSync(join(directory.path, 'pids'), 'utf8').split(' ').map(Number);
    expect(pids).toHaveLength(2);
    for (let look = 0; look < 100 && pids.some(isAlive); look += 1) await systemClock.sleep(20);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('a file that is wrong stops the process with every problem', () => {
    expect(() => parseCommands('apiVersion: x\ncommands: { a: { prog: 1 } }', '/')).toThrow(/apiVersion.*commands\.a/s);
  });
});
