import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from '../command.ts';
import { freePort } from '../free-port.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/** An S3 server of one test file; `stop` ends it and removes what it stored. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

const START_MS_MAX = 15_000;
const HEALTH = '/health';

/**
 * Starts versitygw (written against v1.8.0) over a temporary directory on 127.0.0.1 and a free port, and waits until it answers.
 * @throws when the program is absent or does not answer within 15 s; its last output is in the message.
 */
export async function startS3(): Promise<S3Server> {
  const program = findCommand('versitygw');
  if (program === undefined) throw new Error('versitygw is not on this machine');
  const directory = temporaryDirectory('slipway-s3-');
  const port = await freePort();
  const credentials = { accessKeyId: 'slipway-test', secretAccessKey: 'slipway-test-secret' };
  const storage = join(directory.path, 'storage');
  mkdirSync(storage);
  const child = spawn(
    program,
    [
      '--port',
      `127.0.0.1:${port}`,
      '--region',
      'us-east-1',
      '--health',
      HEALTH,
      '--keep-alive',
      '--quiet',
      'posix',
      storage,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
        ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    },
  );
  const output = keepTail(child);
  const stop = async (): Promise<void> => {
    await end(child);
    directory.remove();
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answers(`${endpoint}${HEALTH}`, child);
  } catch (cause) {
    await stop();
    throw new Error(`versitygw did not start: ${output()}`, { cause });
  }
  return { endpoint, region: 'us-east-1', ...credentials, stop };
}

/** The last 4000 characters of both streams; reading them also keeps the pipe from filling up. */
function keepTail(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4000);
    });
  }
  child.on('error', (error) => {
    tail += String(error);
  });
  return () => tail;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS_MAX;
  for (;;) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('it ended');
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (response.ok) return;
    } catch (error) {
      if (performance.now() > deadline) throw error; // until then: not listening yet
    }
    if (performance.now() > deadline) throw new Error('no answer in time');
    await delay(25);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await exited;
  clearTimeout(killer);
}
