import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCommand } from '../command.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { runProgram } from './run-program.ts';

/** A container engine and the clients for it. */
export interface Engine {
  /** Path of the client. */
  readonly docker: string;
  /** Program and first arguments of Compose. */
  readonly compose: readonly [program: string, ...first: readonly string[]];
  /** Variables by which the clients find the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it was started here, and so holds no images. */
  readonly isOwn: boolean;
  /** Ends an engine that was started here, and removes all it kept; leaves one that was found alone. Safe to call twice. */
  stop(): Promise<void>;
}

/** Why there is no engine, for the closing summary of the tests. */
export interface NoEngine {
  readonly unavailable: string;
}

const ANSWER_MS_MAX = 10_000;
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 20_000;

/** The engine that answers already, or one in a temporary directory, which needs dockerd and root. */
export async function openEngine(): Promise<Engine | NoEngine> {
  // A distribution's own client first: it has the version of the distribution's engine.
  const docker = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : findCommand('docker');
  if (docker === undefined) return { unavailable: 'a container engine (no docker client)' };
  const compose = await findCompose(docker);
  if (compose === undefined) return { unavailable: 'docker compose or docker-compose' };
  if (await answers(docker, {})) return { docker, compose, env: {}, isOwn: false, stop: async () => undefined };
  const dockerd = findCommand('dockerd');
  if (dockerd === undefined) return { unavailable: 'a container engine (none answers, no dockerd)' };
  if (process.getuid?.() !== 0) return { unavailable: 'a container engine (none answers, only root can start one)' };
  return startEngine(dockerd, docker, compose);
}

async function findCompose(docker: string): Promise<Engine['compose'] | undefined> {
  if (await succeeds(docker, ['compose', 'version'], {})) return [docker, 'compose'];
  const standalone = existsSync('/usr/bin/docker-compose') ? '/usr/bin/docker-compose' : findCommand('docker-compose');
  return standalone === undefined ? undefined : [standalone];
}

async function startEngine(dockerd: string, docker: string, compose: Engine['compose']): Promise<Engine | NoEngine> {
  const directory = temporaryDirectory('slipway-engine-');
  const [socket, log] = [join(directory.path, 'docker.sock'), join(directory.path, 'log')];
  mkdirSync(join(directory.path, 'data'));
  const output = openSync(log, 'a');
  const places = ['--data-root', join(directory.path, 'data'), '--exec-root', join(directory.path, 'exec')];
  const address = ['--host', `unix://${socket}`, '--pidfile', join(directory.path, 'docker.pid')];
  // Published ports go through the engine's proxy: nothing of the firewall or the routing of this machine is changed.
  const network = ['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
  const child = spawn(dockerd, [...places, ...address, ...network], { stdio: ['ignore', output, output] });
  closeSync(output);
  const endWithUs = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithUs); // also when a test run is cut off
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    await end(child);
    await unmountBelow(directory.path);
    directory.remove();
  };
  const env = { DOCKER_HOST: `unix://${socket}` };
  const problem = await untilAnswers(child, docker, env);
  if (problem === undefined) return { docker, compose, env, isOwn: true, stop };
  const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' / ');
  await stop();
  return { unavailable: `a container engine (dockerd ${problem}: ${lines})` };
}

/** @returns what went wrong; undefined when it answers. */
async function untilAnswers(child: ChildProcess, docker: string, env: Engine['env']): Promise<string | undefined> {
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const giveUpAt = performance.now() + START_MS_MAX;
  while (performance.now() < giveUpAt) {
    if (failure) return `cannot be started, ${failure.message}`;
    if (child.exitCode !== null || child.signalCode !== null) return `ended with ${child.exitCode ?? child.signalCode}`;
    if (await answers(docker, env)) return undefined;
    await delay(250);
  }
  return `did not answer within ${START_MS_MAX} ms`;
}

const answers = (docker: string, env: Engine['env']): Promise<boolean> =>
  succeeds(docker, ['version', '--format', '{{.Server.Version}}'], env);

async function succeeds(program: string, args: readonly string[], env: Engine['env']): Promise<boolean> {
  try {
    await runProgram(program, args, { env, timeoutMs: ANSWER_MS_MAX });
    return true;
  } catch {
    return false; // that is the answer
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(killer);
}

/** File systems of containers and network namespaces that an engine left behind when it was killed; the deepest first. */
async function unmountBelow(directory: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
    .toSorted((left, right) => right.length - left.length);
  for (const path of mounts) await runProgram('umount', ['--lazy', path], { timeoutMs: ANSWER_MS_MAX });
}
