import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { NEEDS_MARK, sized, startContainers, type Containers } from '@slipway/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HOLDERS, tellStoryOn } from './story-on.ts';
import { calmHashes, compareTelling } from './told-stories.ts';

const HEALTH = '/grpc.health.v1.Health/Check';
const SERVING = '0801'; // field 1, the enum value SERVING
const IMAGE_BYTES_MAX = 350_000_000;
const SERVICES = ['registry', 'tracking', 'feature-store', 'serving', 'gateway'];
const SLICE = sized({ small: 16, full: 1 });
const STORY_MS = sized({ small: 600_000, full: 3_600_000 });
const TOKENS = { ...HOLDERS, reader: { roles: ['viewer'] } };

/** Any unary call, in bytes of the wire. */
function call(address: string, method: string, token?: string): Promise<{ code: number; hex: string }> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const identity = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const deadline = Date.now() + 10_000;
    client.makeUnaryRequest(method, identity, identity, Buffer.alloc(0), metadata, { deadline }, (error, answer) => {
      client.close();
      resolve({ code: error?.code ?? 0, hex: answer?.toString('hex') ?? '' });
    });
  });
}

describe('the containers of deploy/compose.yaml', () => {
  let containers: Containers<keyof typeof TOKENS> | undefined;
  let absent = '';
  beforeAll(async () => {
    const result = await startContainers({ tokens: TOKENS });
    if ('unavailable' in result) absent = result.unavailable;
    else containers = result;
  }, 900_000);
  afterAll(() => containers?.stop(), 120_000);
  // Also with CI=true: what runs the tests may forbid containers inside it, and the closing summary says so.
  beforeEach((context) => context.skip(containers === undefined, `${NEEDS_MARK}${absent}]`));
  const running = (): Containers<keyof typeof TOKENS> => {
    if (!containers) throw new Error('skipped before');
    return containers;
  };

  /** Evaluates JavaScript in a container, all of it in one process. @returns of each expression what it is as text, or the code of the error it threw. */
  const evaluate = async (service: string, ...expressions: readonly string[]): Promise<readonly string[]> => {
    const guarded = expressions.map((one) => `(() => { try { return String(${one}) } catch (error) { return error.code } })()`); // prettier-ignore
    const script = `console.log(JSON.stringify([${guarded.join()}]))`;
    return JSON.parse(
      await running().compose('exec', '-T', service, '/usr/local/bin/node', '-e', script),
    ) as readonly string[];
  };

  it('serve on their published ports', async () => {
    const { addresses, readyAfterMs, preparedAfterMs } = running();
    for (const address of Object.values(addresses))
      expect(await call(address, HEALTH)).toEqual({ code: 0, hex: SERVING });
    process.stdout.write(
      `containers: prepared in ${(preparedAfterMs / 1e3).toFixed(1)} s, healthy ${(readyAfterMs / 1e3).toFixed(1)} s later\n`,
    );
  });

  it('know a token and refuse a caller without one', async () => {
    const { addresses, tokens } = running();
    const list = '/slipway.registry.v1.RegistryService/ListRegisteredModels';
    expect((await call(addresses.registry, list)).code).toBe(16);
    expect((await call(addresses.registry, list, tokens.reader)).code).toBe(0);
  });

  it.each(SERVICES)('run %s without privileges and without a place to write but its data', async (service) => {
    const [user, planted, plantedAtRoot, probe, status] = await evaluate(
      service,
      'process.getuid()',
      "fs.writeFileSync('/app/planted.js', '')",
      "fs.writeFileSync('/planted', '')",
      "fs.writeFileSync('/data/probe', 'x') ?? fs.readFileSync('/data/probe', 'utf8')",
      "fs.readFileSync('/proc/1/status', 'utf8')",
    );
    expect({ user, planted, plantedAtRoot, probe }).toEqual({
      user: '65532',
      planted: 'EROFS',
      plantedAtRoot: 'EROFS',
      probe: 'x',
    });
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  it.each(SERVICES)('run %s from an image of at most 350 MB', async (service) => {
    const bytes = Number(
      await running().docker('image', 'inspect', '--format', '{{.Size}}', `slipway-${service}:local`),
    );
    process.stdout.write(`slipway-${service}: ${(bytes / 1e6).toFixed(0)} MB\n`);
    expect(bytes).toBeLessThanOrEqual(IMAGE_BYTES_MAX);
  });

  it('flush each message of the broker before it is acknowledged', async () => {
    const { port } = new URL(running().nats.url);
    const socket = connect(Number(port), '127.0.0.1');
    const [banner] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(banner.toString()).toMatch(/"auth_required":true/);
    const report = await running().compose('exec', '-T', 'nats', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8222/jsz');
    expect((JSON.parse(report) as { config: object }).config).toMatchObject({
      sync_always: true,
      store_dir: '/data/jetstream',
    });
  });

  it('let an operator dump the database as the guide says', async () => {
    const flags = ['--host', '/var/run/postgresql', '--username', 'slipway', 'slipway'];
    const dump = await running().compose('exec', '-T', 'postgres', 'pg_dump', ...flags);
    expect(dump).toMatch(/^CREATE TABLE slipway_registry\./m);
    expect(dump).toMatch(/^CREATE TABLE slipway_serving\./m);
  });

  it('end cleanly, and come back with what they stored', async () => {
    const { compose, docker, addresses, tokens, untilHealthy } = running();
    await compose('stop', 'registry');
    const id = (await compose('ps', '--quiet', 'registry')).trim();
    expect((await docker('inspect', '--format', '{{.State.ExitCode}}', id)).trim()).toBe('0');
    await compose('start', 'registry');
    await untilHealthy('registry');
    expect(await evaluate('registry', "fs.readFileSync('/data/probe', 'utf8')")).toEqual(['x']);
    expect((await call(addresses.registry, HEALTH, tokens.reader)).hex).toBe(SERVING);
  });

  // last: what was stopped and started again before has to tell it, too
  it('tell the story as one process does', { timeout: STORY_MS }, async () => {
    const { tokens, addresses, compose } = running();
    const inOneProcess = await calmHashes(SLICE);
    try {
      const outcome = await tellStoryOn(tokens, addresses, { slice: SLICE });
      compareTelling('containers', SLICE, outcome);
      expect(outcome.hashes).toEqual(inOneProcess);
    } catch (cause) {
      const logs = await compose('logs', '--no-color', '--tail', '40');
      throw new Error(`the story failed in containers:\n${logs}`, { cause });
    }
  });
});
