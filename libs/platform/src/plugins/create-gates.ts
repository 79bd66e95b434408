import type { Gate } from '@slipway/plugin-kit';
import type { ProcessContext } from '../process/service-module.ts';

/** One gate of each gate plugin, by the name that alias policies use. Gates have no settings: their policy brings the parameters. */
export function createGates({
  plugins,
  clock,
  ids,
  log,
  dataDirectory,
}: Omit<ProcessContext, 'config'>): ReadonlyMap<string, Gate> {
  const dependencies = { clock, ids, log, dataDirectory };
  return new Map(plugins.names('gate').map((name) => [name, plugins.create('gate', name, {}, dependencies)]));
}
