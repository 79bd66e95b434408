import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Client } from '@slipway/clients';

/** Versions that are looked through, newest first: a run that began with this step registered its version lately. */
const PAGE_SIZE = 200;

/** The version that a run has registered, if it got that far. */
export async function versionOfRun(
  registry: Pick<Client<RegistryService>, 'listModelVersions'>,
  model: string,
  runId: string,
): Promise<string | undefined> {
  const { versions } = await registry.listModelVersions({ model, page_size: PAGE_SIZE, order_by: 'version desc' });
  return versions.find(({ run_id: run }) => run === runId)?.version;
}
