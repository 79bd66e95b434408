import { packageDigest, parseManifest, signManifest, type Envelope } from '@slipway/model-package';
import { deleteAlias, type LiveAlias } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { modelAlreadyExists, packageFileLost } from '../errors.ts';
import { lockModel, viewModel, type ModelView } from '../lookup.ts';
import { assertModelName, type RegisteredModel } from '../registered-model.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';
import { storeStep } from './move-alias.ts';

export interface RenameRegisteredModel {
  readonly name: string;
  readonly newName: string;
  readonly requestId: string;
}

const PAGE_SIZE = 100;

/**
 * Gives a model another name, with all that belongs to it. Packages are signed anew, for a package names its model: digests change. Under the
 * old name nothing is left but counters, so that no number and no revision is used twice.
 * @throws {AlreadyExistsError} when the new name is taken, or was the name of a model that is deleted. @throws {NotFoundError} reason MODEL_NOT_FOUND.
 */
export async function renameRegisteredModel(
  call: Call,
  { requestId, ...request }: RenameRegisteredModel,
  deps: RegistryDependencies,
): Promise<ModelView> {
  const { name, newName } = request;
  assertModelName(newName, 'new_name');
  return deps.unitOfWork.run(call, (tx) =>
    tx.once('registry.RenameRegisteredModel', requestId, request, async () => {
      for (const each of [name, newName].sort()) await tx.models.lock(each); // two renames never wait for each other in a circle
      const model = await lockModel(tx, name);
      if (await tx.models.get(newName)) throw modelAlreadyExists(newName);
      const aliases = await tx.aliases.ofModels([name]);
      const next: RegisteredModel = { ...model, name: newName, updateTime: tx.now };
      await tx.models.insert(next);
      await tx.models.update({ ...model, description: '', tags: {}, updateTime: tx.now, deleted: true });
      await tx.models.moveRows(name, newName);
      const digests = await sealAgain(tx, newName, deps);
      for (const alias of aliases)
        await moveOver(tx, call, alias, { newName, digest: digests.get(alias.version) ?? '' });
      tx.events.add({ kind: 'model-changed', model: name, deleted: true });
      tx.events.add({ kind: 'model-changed', model: newName, deleted: false });
      tx.audit.add({ action: 'registry.models.rename', resource: `models/${name}`, details: { new_name: newName } });
      return viewModel(tx, next);
    }),
  );
}

/** @returns the new digest of each version; empty for one without a package. */
async function sealAgain(
  tx: RegistryTransaction,
  model: string,
  { signingKey }: RegistryDependencies,
): Promise<ReadonlyMap<bigint, string>> {
  const digests = new Map<bigint, string>();
  let pageToken: string | undefined = '';
  while (pageToken !== undefined) {
    const { items, nextPageToken } = await tx.versions.list(model, false, { pageSize: PAGE_SIZE, pageToken });
    for (const { version, digest } of items) {
      if (digest === '') continue;
      const envelope = await tx.versions.envelope(model, version);
      if (!envelope) throw packageFileLost('envelope', `of version ${version} of model '${model}' is gone`);
      const manifest = { ...manifestOf(envelope), model };
      const sealed = { digest: packageDigest(manifest), signingKeyId: signingKey.keyId };
      await tx.versions.reseal({ model, version, formerDigest: digest, ...sealed }, signManifest(manifest, signingKey));
      digests.set(version, sealed.digest);
    }
    pageToken = nextPageToken;
  }
  return digests;
}

const manifestOf = ({ payload }: Envelope) =>
  parseManifest(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')));

/** Whoever follows the alias by its old name learns that it is gone, and by its new one what it names. */
async function moveOver(
  tx: RegistryTransaction,
  { caller }: Call,
  alias: LiveAlias,
  { newName, digest }: { newName: string; digest: string },
): Promise<void> {
  const step = deleteAlias({ model: alias.model, alias: alias.name }, alias, caller, tx.now);
  await storeStep(tx, step, { action: 'registry.aliases.delete', details: { renamed_to: newName } });
  await tx.aliases.put({ ...alias, model: newName, digest });
  const { name, version, previousVersion, revision } = alias;
  const fact = { model: newName, alias: name, version, previousVersion, revision, digest };
  tx.events.add({ kind: 'alias-moved', ...fact, principal: caller.principal, rolledBack: false });
}
