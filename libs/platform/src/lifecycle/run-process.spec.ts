import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./testing/worker-process.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

/** Runs the process; sends a signal whenever one of the lines is printed. */
function run(behaviour: string, signals: Readonly<Record<string, NodeJS.Signals>>): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, behaviour], { stdio: ['ignore', 'pipe', 'pipe'] });
  const startedAt = performance.now();
  let out = '';
  let err = '';
  const pending = new Map(Object.entries(signals));
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const [line, signal] of pending) {
      if (!out.includes(`${line}\n`)) continue;
      pending.delete(line);
      child.kill(signal);
    }
  });
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err, ms: performance.now() - startedAt }));
  });
}

describe('a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('finishes its work on %s and exits with 0', async (signal) => {
    const ended = await run('works', { serving: signal });
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toBe('serving\ndraining\nwork done\nstopped\n');
  });

  it('exits at once with 1 on a second signal', async () => {
    const ended = await run('stuck', { serving: 'SIGTERM', draining: 'SIGINT' });
    expect(ended.code).toBe(1);
    expect(ended.out).toBe('serving\ndraining\n');
    expect(ended.ms).toBeLessThan(10_000); // the budget is 20 s
  });

  it('exits with 1 when the budget runs out', async () => {
    const ended = await run('late', { serving: 'SIGTERM' });
    expect(ended.code).toBe(1);
    expect(ended.out).not.toContain('work done');
  });

  it('says in one line why it cannot start, and exits with 1', async () => {
    const ended = await run('fails', {});
    expect(ended).toMatchObject({ code: 1, err: 'cannot start: port 50051 is taken: EADDRINUSE\n', out: 'stopped\n' });
  });

  it('drains after a fault that nobody handled and exits with 1', async () => {
    const ended = await run('faulty', {});
    expect(ended.code).toBe(1);
    expect(ended.out).toBe('serving\ndraining\nwork done\nstopped\n');
  });
});
