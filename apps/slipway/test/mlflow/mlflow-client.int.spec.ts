import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeWith,
  describeWithPython,
  PYTHON_INSTALL_MS,
  sized,
  startServices,
  startSlipway,
  type PythonEnvironment,
} from '@slipway/testing';
import { beforeAll, expect, it } from 'vitest';
import { ENDPOINTS } from './endpoints.ts';
import { matrixOf, type Cell } from './matrix.ts';
import { runChecks, type CheckOutcome } from './run-checks.ts';

const HOLDERS = { alice: { roles: ['editor'] } } as const;
const CLIENTS = ['mlflow-2.22.5', 'mlflow-3.17.2'] as const;
/** Of the large artifact. */
const MEGABYTES = sized({ small: 32, full: 1024 });
const TIMEOUT_MS = sized({ small: 600_000, full: 3_600_000 });
const cells: Cell[] = [];

function assertAll(outcomes: readonly CheckOutcome[], cell: Omit<Cell, 'outcomes'>): void {
  cells.push({ ...cell, outcomes });
  expect(outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  const passed = outcomes.filter(({ outcome }) => outcome === 'passed');
  expect(passed.length).toBeGreaterThanOrEqual(150);
  const covered = new Set(passed.flatMap(({ endpoints }) => endpoints));
  expect(ENDPOINTS.filter((endpoint) => !covered.has(endpoint))).toEqual([]);
  if (process.env['SLIPWAY_TEST_TIER'] === 'full')
    writeFileSync(join(import.meta.dirname, '../../../../docs/evidence/mlflow-matrix.md'), matrixOf(cells));
}

for (const client of CLIENTS) {
  const requirements = join(import.meta.dirname, `requirements-${client}.txt`);
  describeWithPython(requirements, `the unmodified ${client}`, (environment) => {
    let python: PythonEnvironment;
    beforeAll(async () => void (python = await environment()), PYTHON_INSTALL_MS);

    it('finds what it expects in one process on SQLite', { timeout: TIMEOUT_MS }, async () => {
      const slipway = await startSlipway<'alice'>({ app: 'slipway', tokens: HOLDERS });
      try {
        const at = { uri: slipway.gatewayUrl, token: slipway.tokens.alice, megabytes: MEGABYTES };
        assertAll(await runChecks(python, at), { client, backend: 'one process, SQLite' });
      } finally {
        await slipway.stop();
      }
    });

    describeWith(['nats', 'postgresql', 's3', 'redis'], 'against services of their own', () => {
      it('finds what it expects on PostgreSQL and S3', { timeout: TIMEOUT_MS }, async () => {
        const services = await startServices({ tokens: HOLDERS });
        try {
          const gateway = await startSlipway<'alice'>({
            app: 'gateway',
            tokens: { alice: { ...HOLDERS.alice, token: services.tokens.alice } },
            settings: {
              'event-bus.driver': 'nats',
              'event-bus.nats.servers': services.nats.url,
              'registry.address': services.addressOf('registry'),
              'tracking.address': services.addressOf('tracking'),
            },
          });
          try {
            const at = { uri: gateway.gatewayUrl, token: services.tokens.alice, megabytes: MEGABYTES };
            assertAll(await runChecks(python, at), { client, backend: 'services, PostgreSQL and S3' });
          } finally {
            await gateway.stop();
          }
        } finally {
          await services.stop();
        }
      });
    });
  });
}
