import { HttpRefusal } from '@slipway/platform';
import { readText } from '../rpc/raw-elements.ts';

/** As Triton has it. */
const DEPTH_MAX = 100;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

const refuse = (message: string): HttpRefusal => new HttpRefusal(400, 'INVALID_ARGUMENT', message);

/** Nesting is counted before anything is built of it. */
function assertDepth(bytes: Uint8Array): void {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte > 0x5a) {
      if (OPENING.has(byte)) depth += 1;
      else if (CLOSING.has(byte)) depth -= 1;
      if (depth > DEPTH_MAX) throw refuse(`the JSON is nested deeper than ${DEPTH_MAX} levels`);
    }
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Whole numbers that a double does not hold, digit by digit. */
const keepDigits: Reviver = (_, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

/** JSON text that can be read in two ways: fast, and with every digit. */
export class JsonText {
  readonly #text: string;

  /** @throws {HttpRefusal} 400 when it is not UTF-8 or nested too deeply. */
  constructor(bytes: Uint8Array) {
    assertDepth(bytes);
    const text = readText(bytes);
    if (text === undefined) throw refuse('the JSON is not UTF-8');
    this.#text = text;
  }

  /** Of repeated keys the last one counts. @throws {HttpRefusal} 400 when it is not JSON. */
  parse(): unknown {
    return this.#parsed(() => JSON.parse(this.#text));
  }

  /** The same, with whole numbers beyond 2^53 as bigint; ten times slower. */
  parseExactly(): unknown {
    const parse = JSON.parse as (text: string, reviver: Reviver) => unknown; // the source text is new in the language
    return this.#parsed(() => parse(this.#text, keepDigits));
  }

  #parsed(parse: () => unknown): unknown {
    try {
      return parse();
    } catch {
      throw refuse('the request is not valid JSON'); // the parser's own words repeat the text
    }
  }
}
