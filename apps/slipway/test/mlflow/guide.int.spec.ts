import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeWithPython, PYTHON_INSTALL_MS, startSlipway, temporaryDirectory } from '@slipway/testing';
import { beforeAll, expect, it } from 'vitest';
import type { PythonEnvironment } from '@slipway/testing';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../../..');
const EXAMPLE = join(ROOT, 'docs/examples/airbnb');
const DATA = process.env['EXAMPLE_DATA_DIR'] ?? join(ROOT, '../shared/data');
const HOLDERS = { alice: { roles: ['editor', 'predictor'] } } as const;
const SERVED_WITHIN_MS = 1_000;

/** The commands of the guide, from its top. */
const guide = (): string[] =>
  [...readFileSync(join(ROOT, 'docs/mlflow-users.md'), 'utf8').matchAll(/^```sh\n([\s\S]+?)^```$/gm)].map(
    ([, script]) => script ?? '',
  );

describeWithPython(join(EXAMPLE, 'requirements.txt'), 'the guide for users of MLflow', (environment) => {
  let python: PythonEnvironment;
  beforeAll(async () => void (python = await environment()), PYTHON_INSTALL_MS);

  it('takes a table to a served model within a second of its alias', { timeout: 300_000 }, async () => {
    const slipway = await startSlipway<'alice'>({ app: 'slipway', tokens: HOLDERS });
    using folder = temporaryDirectory();
    try {
      const replace = (text: string): string =>
        text
          .replaceAll('localhost:8080', new URL(slipway.gatewayUrl).host)
          .replaceAll('localhost:8000', new URL(slipway.inferenceUrl).host)
          .replaceAll('docs/examples', join(ROOT, 'docs/examples'));
      const env = {
        ...process.env,
        PATH: `${dirname(python.python)}:${process.env['PATH'] ?? ''}`,
        HOME: folder.path,
        TOKEN: slipway.tokens.alice,
        EXAMPLE_DATA_DIR: DATA,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
      };
      const [train, infer, ...others] = guide();
      const sh = async (script: string): Promise<string> => {
        const file = join(folder.path, 'block.sh');
        writeFileSync(file, `set -eu\n${replace(script)}`);
        return (await run('bash', [file], { cwd: folder.path, env })).stdout;
      };
      const [address = ''] = /^(?:export .*\n)+/m.exec(train ?? '') ?? [];
      const trained = await sh(train ?? '');
      expect(trained).toMatch(/version 1 of airbnb-price: r2 0\.[3-9]/);
      const began = performance.now();
      let answer = '';
      while (!answer.includes('"outputs"')) {
        answer = await sh(infer ?? '');
        if (performance.now() - began > SERVED_WITHIN_MS && !answer.includes('"outputs"')) throw new Error(answer);
        await delay(20);
      }
      const { outputs } = JSON.parse(answer) as { outputs: { data: number[] }[] };
      const price = Math.exp(outputs[0]?.data[0] ?? 0);
      expect(price).toBeGreaterThan(100);
      expect(price).toBeLessThan(400);
      expect(others.length).toBeGreaterThan(0);
      for (const block of others) {
        const said = await sh(`${address}${block}`);
        expect(said).toContain('airbnb-price');
        expect(said.trim().split('\n').at(-1)).toBe('1');
      }
    } finally {
      await slipway.stop();
    }
  });
});
