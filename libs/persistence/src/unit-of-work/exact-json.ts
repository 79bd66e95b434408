/**
 * Plain data as text that reads back the same: what JSON has no form for (bigint, bytes, undefined, NaN, infinities, -0, Date) becomes
 * `{"$": kind, "v": text}`. Keys are sorted, so that equal values have equal texts and the text can be hashed.
 */
export function encodeExact(value: unknown): string {
  return JSON.stringify(toTree(value));
}

/** Undoes `encodeExact`. */
export function decodeExact(text: string): unknown {
  return fromTree(JSON.parse(text));
}

const tagged = (kind: string, text: string): object => ({ $: kind, v: text });

function toTree(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value === undefined) return tagged('undefined', '');
  if (typeof value === 'bigint') return tagged('bigint', value.toString());
  if (typeof value === 'number') {
    const plain = Number.isFinite(value) && !Object.is(value, -0);
    return plain ? value : tagged('number', Object.is(value, -0) ? '-0' : String(value));
  }
  if (value instanceof Uint8Array) return tagged('bytes', Buffer.from(value).toString('base64'));
  if (value instanceof Date) return tagged('date', value.toISOString());
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value === 'object') return objectToTree(value);
  throw new TypeError(`a ${typeof value} cannot be kept`);
}

function objectToTree(value: object): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`only plain data can be kept, not a ${value.constructor.name}`);
  }
  const entries = Object.entries(value).map(([key, field]): [string, unknown] => [key, toTree(field)]);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  // `fromEntries` defines own properties, so a key `__proto__` stays a key.
  const tree = Object.fromEntries(entries);
  return '$' in value ? { $: 'object', v: tree } : tree;
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  undefined: () => undefined,
  bigint: (text) => BigInt(text),
  number: (text) => Number(text),
  bytes: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  date: (text) => new Date(text),
};

function fromTree(tree: unknown): unknown {
  if (typeof tree !== 'object' || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map(fromTree);
  const node = tree as Record<string, unknown>;
  const plain = (object: Record<string, unknown>): unknown =>
    Object.fromEntries(Object.entries(object).map(([key, field]) => [key, fromTree(field)]));
  if (typeof node['$'] !== 'string') return plain(node);
  if (node['$'] === 'object') return plain(node['v'] as Record<string, unknown>);
  const read = READERS[node['$']];
  if (!read) throw new TypeError(`unknown kind '${node['$']}' in a kept value`);
  return read(String(node['v']));
}
