import { InvalidArgumentError, MODEL_NAME_PATTERN, NAME_PATTERN, NotFoundError } from '@slipway/kernel';
import type { SlotKey } from '../domain/slot-key.ts';

/** In the words of Triton; the name is cut and made well-formed, for it came from anybody. */
export const unknownModel = (name: string): NotFoundError =>
  new NotFoundError(`Request for unknown model: '${name.slice(0, 329).toWellFormed()}' is not found`, {
    reason: 'MODEL_NOT_FOUND',
  });

/** Reads `model` or `model@alias`. @throws {NotFoundError} when it cannot be the name of a model. */
export function readModelName(name: string, workspace: string, defaultAlias: string): SlotKey {
  const at = name.indexOf('@');
  const model = at < 0 ? name : name.slice(0, at);
  const alias = at < 0 ? defaultAlias : name.slice(at + 1);
  const isModel = model.isWellFormed() && MODEL_NAME_PATTERN.test(model) && model.normalize('NFC') === model;
  if (!isModel || !NAME_PATTERN.test(alias)) throw unknownModel(name);
  return { workspace, model, alias };
}

/** Reads a requested version; undefined means whatever answers. @throws {InvalidArgumentError} on anything but a whole number above 0. */
export function readModelVersion(text: string, field: string): bigint | undefined {
  if (text === '') return undefined;
  const version = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  if (version > 0n) return version;
  const shown = text.slice(0, 32).toWellFormed();
  const description = `failed to get model version from specified version string '${shown}', version should be an integer value > 0`;
  throw InvalidArgumentError.of(field, description, { reason: 'MODEL_VERSION_INVALID' });
}
