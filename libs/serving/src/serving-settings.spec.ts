import { expect, it } from 'vitest';
import { readServingConfig, servingSettings } from './serving-settings.ts';

it('has defaults that its own schemas accept, and turns units into those of the code', () => {
  for (const [key, { schema, default: value }] of Object.entries(servingSettings)) {
    expect(schema.safeParse(value), key).toMatchObject({ success: true });
  }
  const config = readServingConfig((key) => servingSettings[key].default as never);
  expect(config).toMatchObject({
    serverName: 'serving-0',
    scope: { aliases: ['*'], workspaces: ['*'] },
    reconcileMs: 30_000,
    drainMs: 30_000,
    packageBytesMax: 2 ** 31,
  });
});

it.each([
  ['serving.aliases', 'champion,..'],
  ['serving.aliases', ''],
  ['serving.workspaces', 'UPPER'],
  ['serving.server-name', 'a b'],
  ['serving.queue-max', '-1'],
  ['serving.reconcile-seconds', '0'],
  ['serving.prediction-log-features', '1.01'],
  ['serving.shadow-rows-max', '-1'],
] as const)('refuses %s=%j', (key, text) => {
  expect(servingSettings[key].schema.safeParse(text).success).toBe(false);
});
