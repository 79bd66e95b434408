// Lanczos' approximation with g = 7 and nine terms (Godfrey's coefficients): relative error near 1e-15.
const G = 7;
const TERMS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function. @param x at least 1/2. */
export function logGamma(x: number): number {
  const shifted = x - 1;
  let sum: number = TERMS[0];
  for (const [index, term] of TERMS.entries()) if (index > 0) sum += term / (shifted + index);
  const base = shifted + G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}

const STEPS_MAX = 10_000;

/** Regularised upper incomplete gamma function Q(a, x). @param a at least 1/2. @param x at least 0. @see DLMF 8.7.1 and 8.9.2. */
export function upperGamma(a: number, x: number): number {
  if (x === 0) return 1;
  const factor = Math.exp(-x + a * Math.log(x) - logGamma(a));
  return x < a + 1 ? 1 - factor * lowerSeries(a, x) : factor * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let step = 1; step < STEPS_MAX && term > sum * Number.EPSILON; step += 1) {
    term *= x / (a + step);
    sum += term;
  }
  return sum;
}

/** Lentz's method, as modified by Thompson and Barnett. */
function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let step = 1; step < STEPS_MAX; step += 1) {
    const numerator = -step * (step - a);
    b += 2;
    d = 1 / (numerator * d + b || tiny);
    c = b + numerator / c || tiny;
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < Number.EPSILON) break;
  }
  return fraction;
}
