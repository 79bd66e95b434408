import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquareTail } from './chi-square.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { studentCdf, studentQuantile } from './student-t.ts';

/** Numbers of scipy 1.17.1: `norm.cdf`, `norm.ppf`, `t.cdf`, `t.ppf`, `chi2.sf`, `betainc`. */
const SCIPY = {
  normalCdf: [[-37, 5.7255712225239266e-300], [-10, 7.61985302416047e-24], [-5, 2.866515718791933e-07], [-2.5, 0.006209665325776132], [-1, 0.15865525393145707], [-0.1, 0.460172162722971], [0, 0.5], [0.3, 0.6179114221889526], [1.96, 0.9750021048517795], [4, 0.9999683287581669], [8, 0.9999999999999993]],
  normalQuantile: [[1e-300, -37.0470962993612], [1e-20, -9.262340089798409], [1e-06, -4.753424308822899], [0.001, -3.090232306167813], [0.025, -1.9599639845400545], [0.2, -0.8416212335729142], [0.6, 0.2533471031357997], [0.975, 1.959963984540054], [0.999999, 4.753424308817087]],
  studentCdf: [[-2, 1, 0.14758361765043326], [-30, 3.5, 1.1968065997811304e-05], [0.5, 2, 0.6666666666666666], [1.96, 30, 0.9703288435519748], [-1.5, 6600.25, 0.06683111624356311], [-6, 1000000.0, 9.86924906177215e-10], [3, 10, 0.9933281724887152]],
  studentQuantile: [[0.975, 1, 12.706204736174694], [0.975, 4.7, 2.62072607535317], [0.95, 6600.5, 1.6450845161774565], [0.005, 30, -2.749995653567226], [1e-06, 12, -8.504302718054584], [0.6, 1000000.0, 0.25334717053784184]],
  chiSquareTail: [[0.5, 1, 0.47950012218695337], [18.18, 1, 2.0097834214087417e-05], [3.5, 5, 0.6233876277495822], [100, 9, 1.5735176303753876e-17], [2000, 1999, 0.4894866615843932], [0, 3, 1.0], [700, 2, 9.929590396265143e-153]],
  incompleteBeta: [[0.3, 2, 5, 0.5798250000000003], [0.9, 0.5, 0.5, 0.7951672353008665], [0.5, 1000, 1000, 0.5], [0.01, 0.5, 3000, 0.9999999999999919], [0.999, 50, 0.5, 0.7523690199653766]],
} as const; // prettier-ignore

function expectRelative(actual: number, expected: number, relative: number): void {
  expect(Math.abs(actual / expected - 1), `${actual} instead of ${expected}`).toBeLessThan(relative);
}

describe('distributions', () => {
  it('agrees with scipy', () => {
    for (const [x, expected] of SCIPY.normalCdf) expectRelative(normalCdf(x), expected, 1e-12);
    for (const [p, expected] of SCIPY.normalQuantile) expectRelative(normalQuantile(p), expected, 1e-11);
    for (const [t, df, expected] of SCIPY.studentCdf) expectRelative(studentCdf(t, df), expected, 1e-8);
    for (const [p, df, expected] of SCIPY.studentQuantile) expectRelative(studentQuantile(p, df), expected, 1e-8);
    for (const [x, df, expected] of SCIPY.chiSquareTail) expectRelative(chiSquareTail(x, df), expected, 1e-11);
    for (const [x, a, b, expected] of SCIPY.incompleteBeta) expectRelative(incompleteBeta(x, a, b), expected, 1e-11);
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(0.5)]).toEqual([-Infinity, Infinity, expect.closeTo(0, 15)]); // prettier-ignore
    expect(normalQuantile(-1)).toBeNaN();
    expect(studentQuantile(0.5, 3)).toBe(0);
  });

  it('inverts each distribution, for all chances', () => {
    const chance = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(fc.property(chance, (p) => expectRelative(normalCdf(normalQuantile(p)), p, 1e-12)));
    fc.assert(
      fc.property(chance, fc.double({ min: 1, max: 1e5, noNaN: true }), (p, df) =>
        expectRelative(studentCdf(studentQuantile(p, df), df), p, 1e-9),
      ),
    );
  });
});
