import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { trackingService, type TrackingService } from '@slipway/contracts/slipway.tracking.v1';
import { startSlipway, type SettingValue, type SlipwayProcess } from '@slipway/testing';

/** Everybody who calls; `carol` has a workspace of her own. */
export const HOLDERS = {
  alice: { roles: ['editor'] },
  tom: { roles: ['trainer'] },
  vic: { roles: ['viewer'] },
  bob: { roles: ['approver'] },
  aud: { roles: ['auditor'] },
  pia: { roles: ['predictor'] },
  sue: { roles: ['service'] },
  root: { roles: ['admin'] },
  carol: { roles: ['editor'], workspaces: ['other'] },
} as const;
export type Holder = keyof typeof HOLDERS;

export interface TrackingUnderTest {
  readonly process: SlipwayProcess<Holder>;
  as(holder: Holder): Client<TrackingService>;
  stop(): Promise<void>;
}

/** The service in a process of its own, on files. @param directory of an earlier process, to see what it has left. */
export async function startTracking(
  settings: Readonly<Record<string, SettingValue>> = {},
  directory?: string,
): Promise<TrackingUnderTest> {
  if (directory !== undefined) rmSync(join(directory, 'ports.json'), { force: true }); // a killed process leaves it
  const process = await startSlipway<Holder>({
    app: 'tracking',
    tokens: HOLDERS,
    settings: { 'event-bus.driver': 'sqlite', 'artifact-store.driver': 'local', ...settings },
    ...(directory === undefined ? {} : { directory }),
  });
  const transports = new Map<Holder, ReturnType<typeof grpcTransport>>();
  const transportOf = (holder: Holder) => {
    const known = transports.get(holder);
    const transport = known ?? grpcTransport({ address: process.grpcAddress, token: () => process.tokens[holder] });
    transports.set(holder, transport);
    return transport;
  };
  return {
    process,
    as: (holder) => createClient(trackingService, transportOf(holder)),
    stop: async () => {
      for (const transport of transports.values()) await transport.close();
      await process.stop();
    },
  };
}

export async function* streamOf<Item>(items: Iterable<Item>): AsyncGenerator<Item, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}
