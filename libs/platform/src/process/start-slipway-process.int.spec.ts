import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { MethodDescriptor } from '@slipway/contracts';
import { health } from '@slipway/contracts/grpc.health.v1';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { seededRandom } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createToken } from '../identity/create-token.ts';

const MAIN = fileURLToPath(new URL('./testing/main.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly ports: { readonly grpc: number; readonly http: number; readonly metrics: number };
  readonly ended: Promise<Ended>;
}
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let directory: ReturnType<typeof temporaryDirectory>;
let portsFile: string;
const children: ChildProcess[] = [];
const clients: Client[] = [];
beforeEach(() => {
  directory = temporaryDirectory();
  portsFile = join(directory.path, 'ports.json');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
  }
  directory.remove();
});

const dataFlag = (): string => `--data-directory=${join(directory.path, 'data')}`;

function launch(...flags: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    cwd: directory.path,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

async function start(...flags: string[]): Promise<Running> {
  const { child, ended } = launch(
    dataFlag(),
    '--grpc-port=0',
    '--http-port=0',
    '--metrics-port=0',
    `--ports-file=${portsFile}`,
    ...flags,
  );
  while (!existsSync(portsFile)) {
    if (child.exitCode !== null) throw new Error(`it did not start: ${JSON.stringify(await ended)}`);
    await delay(10);
  }
  return { child, ended, ports: JSON.parse(readFileSync(portsFile, 'utf8')) as Running['ports'] };
}

function call(
  { ports }: Running,
  method: MethodDescriptor,
  request: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const client = new Client(`127.0.0.1:${ports.grpc}`, credentials.createInsecure());
  clients.push(client);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const { path, wire } = method;
  return new Promise((resolve, reject) => {
    const done = (error: ServiceError | null, response?: object): void =>
      error ? reject(error) : resolve({ ...response });
    client.makeUnaryRequest(path, wire.requestSerialize, wire.responseDeserialize, request, metadata, done);
  });
}

const { listAuditRecords, verifyAudit } = auditService.methods;
const list = (running: Running, ms = 0, headers: Record<string, string> = {}) =>
  call(running, listAuditRecords, { service: 'registry', page_token: `${ms}` }, headers);
const probe = async ({ ports }: Running, path: string) => {
  const response = await fetch(`http://127.0.0.1:${ports.metrics}${path}`);
  return { status: response.status, body: await response.text() };
};

describe('a process', () => {
  it('serves, measures, finishes its work on SIGTERM and leaves nothing behind', async () => {
    const running = await start('--example-greeting=hi');
    expect(await list(running)).toMatchObject({ next_page_token: 'hi local@default' });
    expect(await list(running, 0, { 'slipway-workspace': 'flights' })).toMatchObject({
      next_page_token: 'hi local@flights',
    });
    expect(await probe(running, '/readyz')).toEqual({ status: 200, body: 'ok\n' });
    expect((await probe(running, '/metrics')).body).toContain(
      'grpc_server_handled_total{grpc_service="slipway.audit.v1.AuditService",grpc_method="ListAuditRecords",grpc_code="OK"} 2',
    );
    expect(statSync(join(directory.path, 'data')).mode & 0o777).toBe(0o700);

    const working = list(running, 600);
    await delay(150);
    running.child.kill('SIGTERM');
    expect(await working).toMatchObject({ next_page_token: 'hi local@default' });
    const { code, out, err } = await running.ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ listening }) => listening)).toMatchObject({
      service: 'example',
      listening: running.ports,
      msg: `listening ${JSON.stringify(running.ports)}`,
    });
    expect(lines.filter(({ msg }) => msg === 'state').map(({ to }) => to)).toEqual([
      'starting',
      'serving',
      'draining',
      'stopped',
    ]);
    expect(existsSync(portsFile)).toBe(false);
    expect(readdirSync(join(directory.path, 'data'))).toEqual(['authenticator-none']);
  });

  it('refuses calls once it drains, after it has said that it does not serve', async () => {
    const running = await start('--drain-notice-ms=1500');
    await list(running);
    running.child.kill('SIGTERM');
    await delay(300);
    expect(await probe(running, '/readyz')).toEqual({ status: 503, body: 'draining\n' });
    expect(await call(running, health.methods.check, { service: '' })).toEqual({ status: 'NOT_SERVING' });
    expect(await list(running)).toMatchObject({ next_page_token: 'hello local@default' });
    expect((await running.ended).code).toBe(0);
    await expect(list(running)).rejects.toMatchObject({ code: 14 });
  });

  it('answers over HTTP with the same callers, and finishes what it has accepted on SIGTERM', async () => {
    const running = await start();
    const address = `http://127.0.0.1:${running.ports.http}`;
    expect(await (await fetch(`${address}/hello/0`)).text()).toBe('hello local@default');
    expect((await fetch(`${address}/hello/0`, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    const slow = fetch(`${address}/hello/600`);
    await delay(200);
    running.child.kill('SIGTERM');
    const answer = await slow;
    expect([await answer.text(), answer.status]).toEqual(['hello local@default', 200]);
    expect((await running.ended).code).toBe(0);
    await expect(fetch(`${address}/hello/0`)).rejects.toThrow('fetch failed');
  });

  it('shows in health and readiness what a module says of itself', async () => {
    const running = await start();
    const check = () => call(running, health.methods.check, { service: 'slipway.audit.v1.AuditService' });
    expect(await check()).toEqual({ status: 'SERVING' });
    await call(running, verifyAudit, { service: 'registry', anchor_hash: 'off' });
    expect(await probe(running, '/readyz')).toEqual({ status: 503, body: 'audit: the store is closed\n' });
    await delay(500);
    expect(await check()).toEqual({ status: 'NOT_SERVING' });
    expect((await probe(running, '/livez')).status).toBe(200);
    await call(running, verifyAudit, { service: 'registry', anchor_hash: 'on' });
    await delay(500);
    expect(await check()).toEqual({ status: 'SERVING' });
  });

  it('has its data directory for itself, and takes over from a killed process', async () => {
    const first = await start();
    const second = await launch(dataFlag(), '--grpc-port=0', '--http-port=0', '--metrics-port=0').ended;
    expect(second.code).toBe(1);
    expect(second.err).toContain(`is in use by process ${first.child.pid}`);
    expect(await list(first)).toMatchObject({ next_page_token: 'hello local@default' });
    first.child.kill('SIGKILL');
    await first.ended;
    writeFileSync(portsFile, '');
    const third = launch(dataFlag(), '--grpc-port=0', '--http-port=0', '--metrics-port=0', `--ports-file=${portsFile}`);
    while (readFileSync(portsFile, 'utf8') === '' && third.child.exitCode === null) await delay(10);
    third.child.kill('SIGTERM');
    const { code, out } = await third.ended;
    expect(code).toBe(0);
    expect(out).toContain('taking over the data directory of a process that has died');
  });

  it('checks tokens, and then may listen for other machines', async () => {
    const { token, entry } = createToken(seededRandom(3), {
      principal: 'ada',
      workspace: 'flights',
      roles: ['auditor'],
    });
    const tokens = join(directory.path, 'tokens.json');
    writeFileSync(tokens, JSON.stringify({ tokens: [entry] }));
    const running = await start(
      '--authenticator-driver=tokens',
      `--authenticator-tokens-file=${tokens}`,
      '--grpc-host=0.0.0.0',
    );
    const authorization = `Bearer ${token}`;
    expect(await list(running, 0, { authorization })).toMatchObject({ next_page_token: 'hello ada@flights' });
    await expect(list(running)).rejects.toMatchObject({ code: 16 });
    await expect(list(running, 0, { authorization: `${authorization}x` })).rejects.toMatchObject({ code: 16 });
    const elsewhere = list(running, 0, { authorization, 'slipway-workspace': 'default' });
    await expect(elsewhere).rejects.toMatchObject({ code: 7 });
  });
});

describe('what cannot start', () => {
  it.each([
    [['--http-host=0.0.0.0'], "http.host is '0.0.0.0'"],
    [['--http-allowed-origins=evil.example'], 'is not scheme://host[:port]'],
    [['--grpc-host=0.0.0.0'], "set authenticator.driver to 'tokens'"],
    [['--example-greeting=unwelcome'], 'cannot start: the greeting is unwelcome'],
    [['--tls-key-file=/nowhere/key.pem'], 'tls.key-file: cannot be read'],
    [
      ['--authenticator-driver=tokens', '--authenticator-tokens-file=/nowhere/tokens'],
      "'/nowhere/tokens' cannot be used",
    ],
    [['--authenticator-driver=tokens'], 'file: is required'],
    [['--plugins=../evil'], 'is not the exact name of an npm package'],
    [['--inference-port=1'], '--inference-port: is not a setting'],
    [['--grpc-prot=1', '--log-level=loud'], "did you mean '--grpc-port'?"],
  ])('%j exits with 1 and says why', async (flags, text) => {
    const { code, err } = await launch(
      dataFlag(),
      '--metrics-port=0',
      '--http-port=0',
      '--grpc-port=0',
      ...flags.slice(0),
    ).ended;
    expect(err).toContain(text);
    expect(err).not.toContain('    at ');
    expect(code).toBe(1);
    expect(existsSync(join(directory.path, 'data', 'process.lock'))).toBe(false);
  });

  it('names the port that is taken', async () => {
    const running = await start();
    const { code, err } = await launch(
      `--data-directory=${join(directory.path, 'other')}`,
      '--metrics-port=0',
      '--http-port=0',
      `--grpc-port=${running.ports.grpc}`,
    ).ended;
    expect(code).toBe(1);
    expect(err).toContain(`cannot listen on 127.0.0.1:${running.ports.grpc}`);
  });
});

describe('what only prints', () => {
  it.each([
    ['--version', /^example 1\.2\.3\n$/],
    ['--help', /Usage: example[^]*example\.greeting {2}\(--example-greeting VALUE, SLIPWAY_EXAMPLE_GREETING\)/],
    ['--print-config', /^plugins: \[\] # default\n[^]*example\.password: "\*\*\*" # flag --example-password\n/],
  ])('%s', async (flag, expected) => {
    const flags = flag === '--print-config' ? ['--example-password=hunter22'] : [];
    const { code, out, err } = await launch(flag, ...flags).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(expected);
    expect(out).not.toContain('hunter22');
    expect(existsSync(join(directory.path, 'slipway-data'))).toBe(false);
  });
});
