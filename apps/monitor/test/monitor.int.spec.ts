import { createClient, grpcTransport } from '@slipway/clients';
import { monitorService } from '@slipway/contracts/slipway.monitoring.v1';
import { startSlipway, temporaryDirectory } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const TOKENS = { alice: { roles: ['editor'] }, vic: { roles: ['viewer'] } } as const;
const SETTINGS = { 'event-bus.driver': 'sqlite' };
const OBJECTIVE = 'late-departure';

describe('the monitor as a process of its own', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeAll(() => {
    directory = temporaryDirectory();
  });
  afterAll(() => directory.remove());

  it('asks for permissions, and keeps what it has answered over kill -9', async () => {
    const start = () => startSlipway({ app: 'monitor', tokens: TOKENS, settings: SETTINGS, directory: directory.path });
    let process = await start();
    const as = (holder: keyof typeof TOKENS) => {
      const transport = grpcTransport({ address: process.grpcAddress, token: () => process.tokens[holder] });
      return { monitor: createClient(monitorService, transport), close: () => transport.close() };
    };
    const outcome = {
      objective: OBJECTIVE,
      prediction_ids: ['p'],
      labels: [1],
      observed_micros: ['986688000000000'],
    };
    const alice = as('alice');
    await alice.monitor.setMonitor({ objective: OBJECTIVE, output: 'probability', manual: true });
    expect((await alice.monitor.recordOutcomes(outcome)).recorded).toBe('1');
    const vic = as('vic');
    await expect(vic.monitor.recordOutcomes(outcome)).rejects.toMatchObject({ kind: 'denied' });
    expect((await vic.monitor.listMonitors({})).monitors.map(({ objective }) => objective)).toEqual([OBJECTIVE]);
    await alice.close();
    await vic.close();

    await process.kill('SIGKILL');
    process = await start();
    const again = as('alice');
    expect(await again.monitor.getCoverage({ objective: OBJECTIVE })).toMatchObject({ unmatched_outcomes: '1' });
    await again.close();
    await process.stop();
  });
});
