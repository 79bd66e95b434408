import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { registryService, type CreateModelVersionRequest } from '@slipway/contracts/slipway.registry.v1';
import { RUNTIME_SUITE_MODELS } from '@slipway/plugin-kit/testing';
import { startSlipway, temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);
const folder = temporaryDirectory('slipway-bundle-');
const MODEL = 'arithmetic';
const SERVED_WITHIN_MS = 20_000;

async function* upload(): AsyncIterable<CreateModelVersionRequest> {
  const graph = Buffer.from(RUNTIME_SUITE_MODELS.arithmetic, 'base64');
  const file = {
    path: 'model.onnx',
    bytes: String(graph.length),
    sha256: createHash('sha256').update(graph).digest('hex'),
  };
  yield { header: { model: MODEL, files: [file], graph: 'model.onnx', request_id: 'first' } };
  yield { chunk: graph };
  yield { file_end: true };
}

describe('the bundle of the one process, installed in a folder of its own', () => {
  beforeAll(async () => {
    const program = join(root, 'libs/tooling/src/build.ts');
    await run(process.execPath, [program, '--output', folder.path], { cwd: join(root, 'apps/slipway') });
    await run('npm', ['ci', '--omit=dev'], { cwd: folder.path });
  }, 80_000);
  afterAll(() => folder.remove());

  it('holds no TypeScript and installs only what cannot be bundled', () => {
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.ts'))).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(folder.path, 'package.json'), 'utf8')) as { dependencies: object };
    expect(Object.keys(manifest.dependencies)).toEqual([
      '@duckdb/node-api',
      'better-sqlite3',
      'lmdb',
      'onnxruntime-node',
    ]);
    expect(existsSync(join(folder.path, 'node_modules/@slipway'))).toBe(false);
    expect(existsSync(join(folder.path, 'onnx-trial-child.js'))).toBe(true);
  });

  it(
    'starts, registers a model, tries it in a process of its own and predicts with it',
    { timeout: 60_000 },
    async () => {
      const slipway = await startSlipway({ app: 'slipway', program: join(folder.path, 'main.js') });
      const transports = [slipway.grpcAddress, slipway.inferenceAddress].map((address) => grpcTransport({ address }));
      try {
        const [first, second] = transports;
        if (!first || !second) throw new Error('two transports were made');
        const [registry, inference] = [
          createClient(registryService, first),
          createClient(gRPCInferenceService, second),
        ];
        const page = await fetch(slipway.gatewayUrl);
        expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);
        await registry.createRegisteredModel({ name: MODEL, request_id: 'create' });
        await registry.setAliasPolicy({ model: MODEL, alias: 'champion', approvals_required: 0 }); // there is one principal
        const { version } = await registry.createModelVersion(upload());
        await registry.moveAlias({ model: MODEL, version: version?.version ?? '', alias: 'champion' });
        const giveUpAt = performance.now() + SERVED_WITHIN_MS;
        const isReady = (): Promise<boolean> =>
          inference.modelReady({ name: MODEL }).then(
            ({ ready }) => ready,
            () => false, // not known yet
          );
        while (!(await isReady())) {
          if (performance.now() > giveUpAt) throw new Error(`not served:\n${slipway.logs().slice(-20).join('\n')}`);
          await delay(50);
        }
        const input = (name: string, values: number[]) => ({
          name,
          datatype: 'FP32',
          shape: ['1', '2'],
          contents: { fp32_contents: values },
        });
        const answer = await inference.modelInfer({
          model_name: MODEL,
          inputs: [input('left', [3, 4]), input('right', [5, -2])],
        });
        const floats = (raw: Buffer): number[] => [raw.readFloatLE(0), raw.readFloatLE(4)];
        const outputs = answer.outputs.map(({ name, contents }, index) => {
          const raw = answer.raw_output_contents[index];
          return [name, raw ? floats(Buffer.from(raw)) : contents?.fp32_contents];
        });
        expect(Object.fromEntries(outputs)).toEqual({ sum: [8, 2], product: [15, -8] });
      } finally {
        for (const transport of transports) await transport.close();
        expect(await slipway.stop()).toEqual({ code: 0, signal: null });
      }
    },
  );
});
