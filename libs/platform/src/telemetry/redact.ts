const SECRET_NAME = /authorization|token|password|passwd|secret|cookie|api[-_]?key/i;
/** Names that match and hold nothing secret. */
const HARMLESS = /(?:count|max|min|file|path|id|ms)$/i;
const DEPTH_MAX = 6;
const MASK = '***';

/** A copy of log fields in which whatever a name marks as secret is `***`. Below `DEPTH_MAX` levels nothing is shown. */
export function redact(fields: object): Record<string, unknown> {
  return redactEntries(fields, 0);
}

function redactEntries(fields: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    copy[name] = isSecret(name) ? MASK : redactValue(value, depth + 1);
  return copy;
}

const isSecret = (name: string): boolean => SECRET_NAME.test(name) && !HARMLESS.test(name);

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (!isPlain && !Array.isArray(value)) return value; // an Error, a Secret, a Date: they know how to print
  if (depth > DEPTH_MAX) return '[…]';
  return Array.isArray(value) ? value.map((item) => redactValue(item, depth + 1)) : redactEntries(value, depth);
}
