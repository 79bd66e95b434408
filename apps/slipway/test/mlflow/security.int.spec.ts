import { request as httpRequest } from 'node:http';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forbiddenRequests, hostileRequests, type HostileRequest, type Victim } from './security-cases.ts';

const HOLDERS = {
  alice: { roles: ['editor'] },
  reader: { roles: ['viewer'] },
  other: { roles: ['predictor'] },
} as const;
const SECRET = 'not for anybody';
/** Of the server, while all of it is refused. */
const GROWTH_BYTES_MAX = 300 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('what the gateway refuses of its MLflow API', () => {
  let slipway: SlipwayProcess<keyof typeof HOLDERS>;
  let victim: Victim;

  /** As it is written: no client of ours tidies the path up. */
  const send = (
    { method, path, body, bytes, headers = {} }: Omit<HostileRequest, 'name' | 'status'>,
    token: string | undefined = slipway.tokens.alice,
  ): Promise<Answer> => {
    const { hostname, port } = new URL(slipway.gatewayUrl);
    const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
    const sent = {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(content !== undefined && { 'content-length': String(Buffer.byteLength(content)) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, method, path, headers: sent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
        response.on('error', reject);
      });
      request.on('error', (error: NodeJS.ErrnoException) =>
        // a body that is too large is broken off, sometimes before its sender reads why
        error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve({ status: 413, text: '' }) : reject(error),
      );
      request.end(content);
    });
  };
  const post = async (path: string, body: object): Promise<Record<string, never>> => {
    const answer = await send({ method: 'POST', path: `/api/2.0/mlflow/${path}`, body });
    expect(answer.status, answer.text).toBe(200);
    return JSON.parse(answer.text) as Record<string, never>;
  };

  /** Everything that the victim has, and every file of the server. */
  const state = async (): Promise<unknown> => {
    const ask = async (path: string, body: object): Promise<unknown> => post(path, body);
    const { experiment, run } = victim;
    const listed = await send({ method: 'GET', path: `/api/2.0/mlflow/artifacts/list?run_id=${run}` });
    const files = readdirSync(slipway.dataDirectory, { recursive: true, encoding: 'utf8' });
    return {
      experiments: await ask('experiments/search', { max_results: 100, view_type: 'ALL' }),
      runs: await ask('runs/search', { experiment_ids: [experiment], run_view_type: 'ALL' }),
      models: JSON.parse(
        (await send({ method: 'GET', path: '/api/2.0/mlflow/registered-models/search' })).text,
      ) as unknown,
      versions: JSON.parse(
        (await send({ method: 'GET', path: '/api/2.0/mlflow/model-versions/search' })).text,
      ) as unknown,
      artifacts: JSON.parse(listed.text) as unknown,
      files: files.filter((name) => !/\.sqlite|-wal|-shm|lmdb|blobs/.test(name)).sort(),
      secret: readFileSync(join(slipway.dataDirectory, 'secret.txt'), 'utf8'),
    };
  };
  const memory = (): number =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${slipway.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

  beforeAll(async () => {
    slipway = await startSlipway({ app: 'slipway', tokens: HOLDERS });
    const { experiment_id: experiment } = await post('experiments/create', { name: 'victim' });
    const { run } = (await post('runs/create', { experiment_id: experiment })) as unknown as {
      run: { info: { run_id: string } };
    };
    const runId = run.info.run_id;
    const file = `/api/2.0/mlflow-artifacts/artifacts/${String(experiment)}/${runId}/artifacts/kept.txt`;
    expect((await send({ method: 'PUT', path: file, bytes: 'kept' })).status).toBe(200);
    await post('registered-models/create', { name: 'victim' });
    await post('model-versions/create', { name: 'victim', source: 's3://bucket/model' });
    const secretPath = join(slipway.dataDirectory, 'secret.txt');
    writeFileSync(secretPath, SECRET);
    victim = { experiment: String(experiment), run: runId, model: 'victim', secretText: SECRET, secretPath };
  }, 60_000);
  afterAll(() => slipway?.stop());

  it('reads, writes, fetches and keeps nothing', { timeout: 180_000 }, async () => {
    const before = await state();
    const began = memory();
    const requests = hostileRequests(victim);
    expect(requests.length).toBeGreaterThanOrEqual(120);
    const wrong: string[] = [];
    for (const hostile of requests) {
      const { status, text } = await send(hostile);
      const isRefused = hostile.status.includes(status) || status === 413;
      const tells = hostile.never !== undefined && text.includes(hostile.never);
      if (!isRefused || tells) wrong.push(`${hostile.name}: ${status} ${text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(await state()).toEqual(before);
    expect(memory() - began).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it('changes nothing for those who may not, and tells strangers nothing', { timeout: 60_000 }, async () => {
    const before = await state();
    const wrong: string[] = [];
    for (const forbidden of forbiddenRequests(victim)) {
      for (const [token, expected] of [
        [slipway.tokens.reader, 403],
        [slipway.tokens.other, 403],
        ['', 401],
        ['nonsense', 401],
      ] as const) {
        const { status, text } = await send(forbidden, token);
        if (status !== expected) wrong.push(`${forbidden.name}: ${status}, not ${expected} ${text.slice(0, 120)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await state()).toEqual(before);
  });
});
