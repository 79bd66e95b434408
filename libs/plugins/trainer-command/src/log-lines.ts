const NEWLINE = 10;
const LINE_BYTES_MAX = 4096;
const CUT_MARK = '… [cut]';

/**
 * Cuts a stream of bytes into lines of text. A line over 4 KiB is cut, bytes that are no UTF-8 are replaced, every occurrence of the secret is
 * replaced before the cut, so that no part of it is left at the end of a line. Holds one line at most.
 */
export class LineReader {
  readonly #secret: string | undefined;
  readonly #onLine: (line: string) => void;
  readonly #held: Uint8Array;
  #length = 0;
  #cut = false;

  /** @param secret at least one character, or absent. */
  constructor(secret: string | undefined, onLine: (line: string) => void) {
    this.#secret = secret;
    this.#onLine = onLine;
    this.#held = new Uint8Array(LINE_BYTES_MAX + Buffer.byteLength(secret ?? ''));
  }

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, from);
      const until = newline < 0 ? bytes.length : newline;
      this.#hold(bytes.subarray(from, until));
      if (newline < 0) return;
      this.#emit();
      from = newline + 1;
    }
  }

  /** The last line may lack its newline. */
  end(): void {
    if (this.#length > 0) this.#emit();
  }

  #hold(part: Uint8Array): void {
    const taken = part.subarray(0, this.#held.length - this.#length);
    this.#held.set(taken, this.#length);
    this.#length += taken.length;
    if (taken.length < part.length) this.#cut = true;
  }

  #emit(): void {
    const decoded = new TextDecoder('utf-8').decode(this.#held.subarray(0, this.#length)).replace(/\r$/, '');
    const text = this.#secret === undefined ? decoded : decoded.replaceAll(this.#secret, '***');
    const tooLong = this.#cut || this.#length > LINE_BYTES_MAX;
    this.#length = 0;
    this.#cut = false;
    this.#onLine(tooLong ? `${shortened(text)}${CUT_MARK}` : text);
  }
}

/** To 4 KiB of UTF-8 with the mark, at a whole character. */
function shortened(text: string): string {
  const bytes = Buffer.from(text);
  const room = LINE_BYTES_MAX - Buffer.byteLength(CUT_MARK);
  if (bytes.length <= room) return text;
  return new TextDecoder('utf-8').decode(bytes.subarray(0, room)).replace(/\ufffd$/, '');
}
