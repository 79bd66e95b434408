import type { LauncherPlugin } from '@slipway/plugin-kit';
import { parseConfig, type ProcessLauncherConfig } from './config.ts';
import { ProcessLauncher } from './process-launcher.ts';

/** `launcher: process`: workers are child processes of this one. */
export const launcherProcessPlugin: LauncherPlugin<ProcessLauncherConfig> = {
  port: 'launcher',
  name: 'process',
  apiVersion: 1,
  parseConfig,
  create: (config, { clock, log }) => new ProcessLauncher(config, { clock, log }),
};
