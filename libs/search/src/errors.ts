import { InvalidArgumentError } from '@slipway/kernel';

/** Reason FILTER_INVALID. @param position of the first character that is wrong, from 1. */
export const filterInvalid = (position: number, description: string): InvalidArgumentError =>
  InvalidArgumentError.of('filter', `Invalid filter string at position ${position}: ${description}`, {
    reason: 'FILTER_INVALID',
    facts: { position: position.toString() },
  });

/** Reason ORDER_BY_INVALID. @param index of the clause, from 0. @param position as of `filterInvalid`. */
export const orderInvalid = (index: number, position: number, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(`order_by[${index}]`, `Invalid order_by clause at position ${position}: ${description}`, {
    reason: 'ORDER_BY_INVALID',
    facts: { position: position.toString() },
  });
