import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './log-lines.ts';
import { ProgramLog } from './program-log.ts';

function read(bytes: Uint8Array, pieces: readonly number[], secret?: string): string[] {
  const lines: string[] = [];
  const reader = new LineReader(secret, (line) => lines.push(line));
  let from = 0;
  for (const piece of pieces) {
    reader.add(bytes.subarray(from, from + piece));
    from += piece;
  }
  reader.add(bytes.subarray(from));
  reader.end();
  return lines;
}
const pieces = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 20 });
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((drawn) => drawn.replaceAll(/[\r\n\ufeff\ufffd]/g, ''));

describe('LineReader', () => {
  it('gives the lines back, however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), pieces, (lines, newline, cuts) => {
        const bytes = Buffer.from(lines.map((line) => line + newline).join(''));
        expect(read(bytes, cuts)).toEqual(lines);
      }),
    );
  });

  it('replaces bytes that are no UTF-8', () => {
    expect(read(Uint8Array.of(0x61, 0xff, 0x62, 10, 0xc3), [])).toEqual(['a\ufffdb', '\ufffd']);
  });

  it('shows a secret nowhere, not even a part of it, wherever it is in lines of all lengths', () => {
    const secret = 'tök€n-0123456789';
    const filler = fc.integer({ min: 0, max: 9000 }).map((length) => '.'.repeat(length));
    fc.assert(
      fc.property(filler, filler, pieces, (before, after, cuts) => {
        const shown = read(Buffer.from(`${before}${secret}${after}`), cuts, secret).join('\n');
        expect(shown).toMatch(/^\.*(?:\*{0,3})\.*(?:… \[cut\])?$/);
      }),
      { numRuns: 300 },
    );
    for (let length = 4000; length < 4200; length += 1) {
      const [line = ''] = read(Buffer.from(`${'.'.repeat(length)}${secret}${'.'.repeat(100)}`), [], secret);
      expect(line.replace('… [cut]', '')).toMatch(/^\.+\*{0,3}\.*$/);
    }
  });

  it('cuts long lines to 4 KiB at a whole character, and goes on with the next', () => {
    const lines = read(Buffer.from(`${'é'.repeat(100_000)}\nnext\n`), [7, 4096, 3]);
    expect(lines).toHaveLength(2);
    expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThanOrEqual(4096);
    expect(lines[0]).toMatch(/^é+… \[cut\]$/);
    expect(lines[1]).toBe('next');
    expect(read(Buffer.from('x'.repeat(4096)), [])).toEqual(['x'.repeat(4096)]);
  });
});

describe('ProgramLog', () => {
  it('keeps the last ten lines, also of those that are not passed on', () => {
    const shown: string[] = [];
    const log = new ProgramLog({ bytesMax: 20, onLine: (line) => shown.push(line), onProgress: () => undefined });
    for (let line = 1; line <= 50; line += 1) log.stdout.add(Buffer.from(`line ${line}\n`));
    log.stderr.add(Buffer.from('the last'));
    log.end();
    expect(shown).toEqual(['line 1', 'line 2', '[the log is cut here: it has more than 20 bytes]']);
    expect(log.tail).toEqual([...Array.from({ length: 9 }, (_, index) => `line ${42 + index}`), 'the last']);
  });

  it.each([
    ['SLIPWAY_PROGRESS 3 10 trees', 1],
    ['SLIPWAY_PROGRESS 0.5 1 epochs', 1],
    ['SLIPWAY_PROGRESS 11 10 trees', 0],
    ['SLIPWAY_PROGRESS -1 10 trees', 0],
    ['SLIPWAY_PROGRESS 1 10', 0],
    ['SLIPWAY_PROGRESS 1e3 1e4 trees', 0],
    [' SLIPWAY_PROGRESS 3 10 trees', 0],
  ])('takes %j for %d reports', (line, count) => {
    const [reports, shown]: [unknown[], string[]] = [[], []];
    const log = new ProgramLog({ bytesMax: 1000, onLine: (each) => shown.push(each), onProgress: (each) => reports.push(each) }); // prettier-ignore
    log.stdout.add(Buffer.from(`${line}\n`));
    expect([reports.length, shown.length]).toEqual([count, 1 - count]);
    log.stderr.add(Buffer.from(`${line}\n`)); // only the standard output counts
    expect(shown.at(-1)).toBe(line);
  });
});
