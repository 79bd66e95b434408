import { startSlipwayProcess } from '@slipway/platform';
import manifest from '../package.json' with { type: 'json' };
import { builtInPlugins, compose } from './compose.ts';
import { settings } from './config.ts';

await startSlipwayProcess(
  { name: 'slipway-batch-runner', version: manifest.version, settings, builtInPlugins, compose },
  process,
);
