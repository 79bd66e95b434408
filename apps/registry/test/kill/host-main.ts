import { join } from 'node:path';
import { createGates, composeSettings, defineSettings, driverComponent, startSlipwayProcess } from '@slipway/platform';
import { openRegistry } from '@slipway/registry';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import { builtInPlugins } from '../../src/compose.ts';
import { settings } from '../../src/config.ts';
import { openLedger } from './ledger.ts';
import { stepKiller } from './step-killer.ts';

// The registry as its app composes it, which ends itself at a named step; with a consumer beside it when it is given a directory for one.
const hostSettings = composeSettings(
  settings,
  defineSettings({
    'kill.step': { schema: z.string().optional(), doc: 'Step at which this process ends itself.' },
    'kill.pass': { schema: z.coerce.number().int().min(1), default: 1, doc: 'At which passing of it.' },
    'kill.ledger-directory': { schema: z.string().optional(), doc: 'Where a consumer in this process keeps its rows.' },
  }),
);

await startSlipwayProcess(
  {
    name: 'kill-host',
    version: manifest.version,
    settings: hostSettings,
    builtInPlugins,
    compose: async (context) => {
      const { config, clock, ids, random, log, dataDirectory } = context;
      const step = config.get('kill.step');
      const order = step === undefined ? undefined : { step, pass: config.get('kill.pass') };
      const atStep = stepKiller(order, join(dataDirectory, 'killed-at.log'));
      const bus = context.createDriver('event-bus');
      const drivers = { bus, artifacts: context.createDriver('artifact-store'), gates: createGates(context) };
      const registry = await openRegistry(context, drivers, { atStep, leaseMs: 2_000 });
      const directory = config.get('kill.ledger-directory');
      const ledger =
        directory === undefined ? [] : [await openLedger({ bus, directory, clock, ids, random, log, atStep })];
      return { components: [driverComponent('event bus', bus), ...ledger], modules: [registry.module] };
    },
  },
  process,
);
