const COLOURS: Readonly<Record<string, string>> = { debug: '\u001B[90m', warn: '\u001B[33m', error: '\u001B[31m' };
const RESET = '\u001B[0m';
/** In every line and of no use to a person at a terminal. */
const HIDDEN = new Set(['level', 'time', 'msg', 'service', 'version']);

/** One line of JSON as one line for people: time, level, message, `key=value`; a stack follows on its own lines. */
export function prettyLine(line: string): string {
  const fields = parse(line);
  if (!fields) return line;
  const level = text(fields['level']);
  const rest = Object.entries(fields)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${key === 'err' ? messageOf(value) : text(value)}`);
  const stack = level === 'error' ? stackOf(fields['err']) : '';
  const colour = COLOURS[level] ?? '';
  const time = text(fields['time']).slice(11, 23);
  const words = [time, level.toUpperCase().padEnd(5), text(fields['msg']), ...rest].join(' ');
  return `${colour}${words}${stack}${colour === '' ? '' : RESET}\n`;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // not written by the logger: shown as it is
  }
}

/** Control characters are escaped: a logged name must not move the cursor of a terminal. */
function text(value: unknown): string {
  const shown = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return shown.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, (character) => JSON.stringify(character).slice(1, -1));
}

const messageOf = (error: unknown): string => text((error as { readonly message?: unknown } | null)?.message ?? error);

function stackOf(error: unknown): string {
  const stack = (error as { readonly stack?: unknown } | null | undefined)?.stack;
  if (typeof stack !== 'string') return '';
  return stack
    .split('\n')
    .slice(1)
    .map((frame) => `\n${text(frame)}`)
    .join('');
}
