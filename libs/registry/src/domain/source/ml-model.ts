import { parseDocument } from 'yaml';

/** Name of the description that MLflow's clients keep beside a model. */
export const ML_MODEL_FILE = 'MLmodel';
/** Generous: such a file has a few KiB. */
export const ML_MODEL_BYTES_MAX = 256 * 1024;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The ONNX file that an `MLmodel` names under the flavour `onnx`. Plain values only: a tag makes the text unreadable, and nothing in it is run.
 * @returns undefined when there is no such flavour, or the text is no YAML.
 */
export function onnxFileOf(text: string): string | undefined {
  const document = parseDocument(text, {
    schema: 'core',
    customTags: [],
    resolveKnownTags: false,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  const content = readPlain(() => document.toJS({ maxAliasCount: 0 }) as unknown);
  const flavors = isRecord(content) ? content['flavors'] : undefined;
  const onnx = isRecord(flavors) ? flavors['onnx'] : undefined;
  const data = isRecord(onnx) ? onnx['data'] : undefined;
  return typeof data === 'string' && data !== '' && data.length <= 1024 ? data : undefined;
}

/** Aliases are refused while they are resolved. */
function readPlain(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
