import type { InvalidArgumentError } from '@slipway/kernel';

/** `quoted` is a name between backticks, `text` something between double quotes (a name or a value), `string` between single quotes. */
export type TokenKind = 'word' | 'quoted' | 'text' | 'string' | 'number' | 'operator' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Without quotes. */
  readonly text: string;
  /** Of its first character, from 1. */
  readonly position: number;
  /** Of the first character after it. */
  readonly end: number;
}

/** Makes the error that names the place in the text. */
export type Refuse = (position: number, description: string) => InvalidArgumentError;

const WORD = /[\p{L}_][\p{L}\p{N}_.\-/:]*/uy;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const OPERATOR = /!=|<=|>=|=|<|>/y;
const SPACE = /\s+/y;
const SIGNS = new Set(['(', ')', ',', ';']);
const QUOTES: Readonly<Record<string, TokenKind>> = { '`': 'quoted', '"': 'text', "'": 'string' };

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** What is between two quotes; a quote inside is written twice. */
function readQuoted(source: string, at: number, refuse: Refuse): { text: string; end: number } {
  const quote = source[at] ?? '';
  let text = '';
  for (let from = at + 1; ;) {
    const close = source.indexOf(quote, from);
    if (close === -1) throw refuse(at + 1, `the quote ${quote} is not closed`);
    text += source.slice(from, close);
    if (source[close + 1] !== quote) return { text, end: close + 1 };
    text += quote;
    from = close + 2;
  }
}

function readToken(source: string, at: number, refuse: Refuse): Omit<Token, 'position' | 'end'> & { end: number } {
  const sign = source[at] ?? '';
  const quoted = QUOTES[sign];
  if (quoted !== undefined) return { kind: quoted, ...readQuoted(source, at, refuse) };
  if (SIGNS.has(sign)) return { kind: 'sign', text: sign, end: at + 1 };
  const candidates = [['number', NUMBER] as const, ['word', WORD] as const, ['operator', OPERATOR] as const];
  for (const [kind, pattern] of candidates) {
    const text = matchAt(pattern, source, at);
    if (text !== undefined) return { kind, text, end: at + text.length };
  }
  throw refuse(at + 1, `'${String.fromCodePoint(source.codePointAt(at) ?? 0)}' has no meaning here`);
}

/** The tokens of a filter or an order; the last one is of kind `end`. @throws {InvalidArgumentError} made by `refuse`. */
export function tokenize(source: string, refuse: Refuse): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(SPACE, source, at)?.length ?? 0;
    if (at >= source.length) break;
    const token = readToken(source, at, refuse);
    tokens.push({ ...token, position: at + 1, end: token.end + 1 });
    at = token.end;
  }
  return [...tokens, { kind: 'end', text: '', position: source.length + 1, end: source.length + 1 }];
}

/** Tokens one after the other. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  readonly refuse: Refuse;
  #at = 0;

  constructor(source: string, refuse: Refuse) {
    this.#tokens = tokenize(source, refuse);
    this.refuse = refuse;
  }

  peek(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1);
    if (!token) throw new Error('there is always a token of kind end');
    return token;
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Takes the next token when it is this word, in any case. */
  takeWord(word: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== 'word' || text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  /** Takes the next token when it is this sign. */
  takeSign(sign: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== 'sign' || text !== sign) return false;
    this.#at += 1;
    return true;
  }

  /** @throws {InvalidArgumentError} saying what was expected instead of the next token. */
  fail(expected: string): never {
    const { kind, text, position } = this.peek();
    throw this.refuse(position, `expected ${expected}, found ${kind === 'end' ? 'the end' : `'${text.slice(0, 80)}'`}`);
  }
}
