import { expect, it } from 'vitest';
import { halfToNumber } from './half-float.ts';

// values from the table of IEEE 754-2008 binary16
it.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 2 ** -14 * (1023 / 1024)],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65_504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, Number.NaN],
])('reads %i', (bits, value) => {
  expect(halfToNumber(bits)).toBe(value);
});
