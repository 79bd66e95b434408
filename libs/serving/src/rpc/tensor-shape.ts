import { INT64_MAX, InvalidArgumentError } from '@slipway/kernel';

/** The runtimes take no larger dimension. */
const DIMENSION_MAX = 2n ** 32n - 1n;
const RANK_MAX = 32;

export interface TensorShape {
  readonly shape: readonly number[];
  readonly elements: number;
}

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(`${field}.shape`, description, { reason: 'INFERENCE_INPUT_INVALID' });

/**
 * Reads the decimal texts that carry a shape, exactly: the product is formed of whole numbers without rounding. A dimension of 0 is fine; no
 * dimensions at all mean one element.
 * @param what e.g. `input 'x' for model 'm'`. @param field of the request, e.g. `inputs[0]`.
 * @throws {InvalidArgumentError} on negative, too large or too many dimensions.
 */
export function readShape(texts: readonly string[], what: string, field: string): TensorShape {
  if (texts.length > RANK_MAX) throw refuse(field, `shape of ${what} has more than ${RANK_MAX} dimensions`);
  let elements = 1n;
  let isEmpty = false;
  for (const text of texts) {
    if (!/^\d{1,19}$/.test(text)) {
      const description = `${what} has a shape with a dimension that is not a whole number of 0 or more`;
      throw refuse(field, description);
    }
    const dimension = BigInt(text);
    if (dimension === 0n) isEmpty = true;
    else elements *= dimension;
    if (elements > INT64_MAX) {
      const description = `shape of ${what} causes total element count to exceed maximum size of ${INT64_MAX}`;
      throw refuse(field, description);
    }
  }
  if (texts.some((text) => BigInt(text) > DIMENSION_MAX)) {
    throw refuse(field, `shape of ${what} has a dimension above ${DIMENSION_MAX}`);
  }
  // at most 2^63-1 here, and only compared with the number of elements that came: rounding cannot make it small
  return { shape: texts.map(Number), elements: isEmpty ? 0 : Number(elements) };
}
