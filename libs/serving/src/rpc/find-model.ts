import { NotFoundError, UnavailableError } from '@slipway/kernel';
import type { ServedModels, ServedSlot } from '../domain/served-models.ts';
import type { ServedVersion } from '../domain/served-version.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { readModelVersion, unknownModel } from './model-name.ts';

/** The slot of a known alias. @throws {NotFoundError} when no alias of that name exists. */
export function findSlot(models: ServedModels, key: SlotKey, name: string): ServedSlot {
  const found = models.find(key);
  if (!found || found.state === 'absent') throw unknownModel(name);
  return found;
}

/**
 * The version that answers. Use it in the same turn: it may be swapped out in the next.
 * @param versionText '' or the number that must answer. @param field of the request that holds it.
 * @throws {NotFoundError} on an unknown model or a version that is not loaded. @throws {UnavailableError} while nothing answers.
 * @throws {InvalidArgumentError} when the version is not a number.
 */
export function findVersion(
  models: ServedModels,
  key: SlotKey,
  name: string,
  versionText: string,
  field: string,
): ServedVersion {
  const { current, slot, state } = findSlot(models, key, name);
  const wanted = readModelVersion(versionText, field);
  if (!current) {
    const why = slot.failure ? `: ${slot.failure.reason}` : '';
    throw new UnavailableError(`Model '${name}' version ${slot.desired.version} is not at ready state${why}`, {
      reason: 'MODEL_NOT_READY',
      facts: { model: key.model, alias: key.alias, state },
    });
  }
  if (wanted !== undefined && wanted !== current.ref.version) {
    const loaded = `${current.ref.version}`;
    throw new NotFoundError(
      `Request for unknown model: '${name}' version ${wanted} is not found; loaded is ${loaded}`,
      {
        reason: 'MODEL_VERSION_NOT_LOADED',
        facts: { model: key.model, alias: key.alias, loaded },
      },
    );
  }
  return current;
}
