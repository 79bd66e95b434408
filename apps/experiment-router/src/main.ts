import { startSlipwayProcess } from '@slipway/platform';
import manifest from '../package.json' with { type: 'json' };
import { builtInPlugins, compose } from './compose.ts';
import { settings } from './config.ts';

await startSlipwayProcess(
  { name: 'slipway-experiment-router', version: manifest.version, settings, builtInPlugins, compose },
  process,
);
