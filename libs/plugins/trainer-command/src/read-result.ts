import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError, FailedPreconditionError } from '@slipway/kernel';
import { DEFAULT_GRAPH_LIMITS, inspectGraph } from '@slipway/model-package';
import type { ModelSignature, TrainedModel } from '@slipway/plugin-kit';
import { z } from 'zod';

const JSON_BYTES_MAX = 1024 * 1024;
const ENTRIES_MAX = 1000;

/** Names as a tracking server takes them. */
const name = z.string().regex(/^[\w\-. /:]{1,250}$/, 'is no name of 1 to 250 letters, digits, _ - . / : and spaces');
const bounded = <Value>(record: z.ZodType<Record<string, Value>>) =>
  record.refine((entries) => Object.keys(entries).length <= ENTRIES_MAX, `has more than ${ENTRIES_MAX} entries`);
const Metrics = bounded(z.record(name, z.number())); // JSON has no NaN and no infinity; z.number refuses 1e999
const Parameters = bounded(z.record(name, z.union([z.string().max(6000), z.number(), z.boolean()]).transform(String)));

export interface ProgramResult extends Pick<TrainedModel, 'model' | 'metrics' | 'parameters'> {
  readonly signature: ModelSignature;
}

const refusal = (text: string, cause?: unknown): FailedPreconditionError =>
  new FailedPreconditionError(`the training program ${text}`, { reason: 'TRAINING_MODEL_INVALID', cause });

/**
 * What a program has left in its model directory: `model.onnx`, and perhaps `metrics.json` and `parameters.json`, flat objects of numbers and
 * of texts. Other files are not looked at.
 * @throws {FailedPreconditionError} TRAINING_MODEL_INVALID naming the file and what is wrong with it.
 */
export async function readResult(directory: string): Promise<ProgramResult> {
  const model = await readBounded(directory, 'model.onnx', DEFAULT_GRAPH_LIMITS.modelBytesMax);
  if (!model) throw refusal('ended well but left no model.onnx in SLIPWAY_MODEL_DIRECTORY');
  return {
    model,
    signature: signatureOf(model),
    metrics: await readJson(directory, 'metrics.json', Metrics),
    parameters: await readJson(directory, 'parameters.json', Parameters),
  };
}

function signatureOf(model: Uint8Array): ModelSignature {
  try {
    return inspectGraph(model).signature; // without files beside it: external data is refused
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw refusal(`left a model.onnx that cannot be used: ${error.message}`, error);
  }
}

/** @returns undefined when there is no such file. */
async function readBounded(directory: string, file: string, bytesMax: number): Promise<Uint8Array | undefined> {
  let handle: FileHandle;
  try {
    // a link could lead to a file of ours, and a pipe would keep us waiting
    handle = await open(join(directory, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refusal(`left a ${file} that cannot be opened (links are not followed)`, error);
  }
  try {
    const { size, isFile } = await handle.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
    if (!isFile) throw refusal(`left a ${file} that is no file`);
    if (size > bytesMax) throw refusal(`left a ${file} of ${size} bytes; ${bytesMax} is the most`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function readJson<Value>(
  directory: string,
  file: string,
  schema: z.ZodType<Record<string, Value>>,
): Promise<Record<string, Value>> {
  const bytes = await readBounded(directory, file, JSON_BYTES_MAX);
  if (!bytes) return {};
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refusal(`left a ${file} that is no JSON`, cause);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')); // prettier-ignore
  throw refusal(`left a ${file} that is not as expected: ${issues.join('; ')}`);
}
