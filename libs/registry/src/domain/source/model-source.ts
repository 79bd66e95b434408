import { sourceInvalid } from '../errors.ts';

/** Whose artifacts a source of ours names, in the words of tracking. */
export type SourceOwner = { readonly runId: string } | { readonly modelId: string } | { readonly location: string };

/** What the text of a source means. */
export type ModelSource =
  | { readonly kind: 'artifacts'; readonly owner: SourceOwner; readonly path: string }
  | { readonly kind: 'version'; readonly model: string; readonly version: bigint }
  | { readonly kind: 'alias'; readonly model: string; readonly alias: string }
  /** Somewhere that only clients look at. */
  | { readonly kind: 'foreign' };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/su;
/** More layers of escapes than these are no address of anything. */
const DECODINGS_MAX = 8;
/** What a machine's own files are called, in addresses of any kind. */
const LOCAL_SCHEME = /^(?:file|local|localfile|jar|netdoc|data|unix|vbscript|javascript)(?:$|[+.-])/i;

/**
 * Reads a source as MLflow's clients write it. Files of a machine are refused in every spelling, and so is what climbs out of where it begins,
 * also when it is escaped once or many times.
 * @throws {InvalidArgumentError} reason SOURCE_INVALID.
 */
export function readModelSource(text: string): ModelSource {
  for (const form of decodings(text)) assertForm(form);
  const [, scheme = '', rest = ''] = SCHEME.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case 'mlflow-artifacts':
      return artifactsSource(rest);
    case 'runs':
      return runSource(rest);
    case 'models':
      return modelsSource(rest);
    default:
      return { kind: 'foreign' };
  }
}

/** The text and what it becomes by decoding it again and again, each once. */
function decodings(text: string): readonly string[] {
  const forms = [text];
  for (let form = text; forms.length <= DECODINGS_MAX;) {
    const next = decodeOnce(form);
    if (next === form) return forms;
    forms.push(next);
    form = next;
  }
  throw sourceInvalid('is escaped too many times');
}

/** Escapes that are no UTF-8 stay bytes in Latin-1: they are looked at, never used. */
function decodeOnce(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}

function assertForm(form: string): void {
  if (!form.isWellFormed() || /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u.test(form)) {
    throw sourceInvalid('must be well-formed text without control characters');
  }
  if (form.trim() !== form) throw sourceInvalid('must not begin or end with spaces');
  if (form.includes('\\')) throw sourceInvalid('must not contain backslashes');
  const [, scheme] = SCHEME.exec(form.normalize('NFKC')) ?? [];
  if (scheme === undefined) {
    throw sourceInvalid('must have a scheme, e.g. runs:/<run id>/<path>; paths of a machine are not accepted');
  }
  if (LOCAL_SCHEME.test(scheme)) throw sourceInvalid(`'${scheme.toLowerCase()}:' is not accepted`);
  if (
    form
      .normalize('NFKC')
      .split(/[/\\?#;&=:]/)
      .some((segment) => segment === '.' || segment === '..')
  ) {
    throw sourceInvalid("must not contain the segments '.' and '..'");
  }
}

/** `/1/<run id>/artifacts/model`; with a host it is another server's. */
function artifactsSource(rest: string): ModelSource {
  if (rest.startsWith('//')) return { kind: 'foreign' };
  const location = plainPath(rest.replace(/^\//, ''));
  if (location === '') throw sourceInvalid('names no artifacts');
  return { kind: 'artifacts', owner: { location }, path: '' };
}

function runSource(rest: string): ModelSource {
  const [runId = '', ...segments] = plainPath(rest.replace(/^\//, '')).split('/');
  if (!/^[A-Za-z0-9][\w-]{0,255}$/.test(runId)) throw sourceInvalid('must be runs:/<run id>/<path>');
  return { kind: 'artifacts', owner: { runId }, path: segments.join('/') };
}

function modelsSource(rest: string): ModelSource {
  const [first = '', second, ...more] = plainPath(rest.replace(/^\//, '')).split('/');
  if (/^m-[\w-]{1,254}$/.test(first)) {
    const path = second === undefined ? '' : [second, ...more].join('/');
    return { kind: 'artifacts', owner: { modelId: first }, path };
  }
  const at = first.lastIndexOf('@');
  if (second === undefined && at > 0) return { kind: 'alias', model: first.slice(0, at), alias: first.slice(at + 1) };
  if (more.length === 0 && second !== undefined && /^[1-9]\d{0,17}$/.test(second)) {
    return { kind: 'version', model: first, version: BigInt(second) };
  }
  throw sourceInvalid('must be models:/<name>/<version>, models:/<name>@<alias> or models:/m-<id>');
}

/** Without doubled and trailing slashes; nothing in a path of ours is escaped, and nothing in it is a query. */
function plainPath(path: string): string {
  if (/%[0-9A-Fa-f]{2}/.test(path)) throw sourceInvalid('must not be escaped');
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .join('/');
}
