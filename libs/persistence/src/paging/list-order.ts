import { InvalidArgumentError } from '@slipway/kernel';
import type { PageKey } from './page-token.ts';

export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1_000;

/** @returns 100 for 0. @throws {InvalidArgumentError} outside of 0..1000. */
export function readPageSize(pageSize: number): number {
  if (!Number.isInteger(pageSize) || pageSize < 0 || pageSize > PAGE_SIZE_MAX) {
    throw InvalidArgumentError.of('page_size', `use 0 (for ${PAGE_SIZE_DEFAULT}) to ${PAGE_SIZE_MAX}`);
  }
  return pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize;
}

export interface OrderTerm<Field extends string> {
  readonly field: Field;
  readonly direction: 'asc' | 'desc';
}

/**
 * Reads `field [asc|desc], …`.
 * @param allowed fields that may be sorted by; they are never null.
 * @param tieBreaker field that is unique within the workspace; appended, so that the order is total.
 * @throws {InvalidArgumentError} on field order_by.
 */
export function readOrder<Field extends string>(
  orderBy: string,
  allowed: readonly Field[],
  tieBreaker: Field,
): readonly OrderTerm<Field>[] {
  const refuse = (description: string): never => {
    throw InvalidArgumentError.of('order_by', description, { reason: 'ORDER_BY_INVALID' });
  };
  const terms =
    orderBy.trim() === ''
      ? []
      : orderBy.split(',').map((term) => {
          const [, name, direction = 'asc'] = /^\s*([A-Za-z_][\w.]*)(?:\s+(asc|desc))?\s*$/i.exec(term) ?? [];
          const field = allowed.find((candidate) => candidate === name);
          if (!field) return refuse(`use 'field [asc|desc], …' with ${allowed.join(', ')}`);
          return { field, direction: direction.toLowerCase() === 'desc' ? ('desc' as const) : ('asc' as const) };
        });
  if (new Set(terms.map(({ field }) => field)).size < terms.length) refuse('names a field twice');
  if (terms.some(({ field }) => field === tieBreaker)) return terms;
  return [...terms, { field: tieBreaker, direction: terms.at(-1)?.direction ?? 'asc' }];
}

/** `orderBy` for the ORM. */
export function toOrderBy<Field extends string>(
  order: readonly OrderTerm<Field>[],
): Partial<Record<Field, 'asc' | 'desc'>>[] {
  return order.map(({ field, direction }) => ({ [field]: direction }) as Partial<Record<Field, 'asc' | 'desc'>>);
}

/**
 * Condition for the rows after `keys` in this order, to be joined with the filter by `$and`; `{}` for the first page.
 * Compared by the database through the column types, so 64-bit integers, microseconds and doubles are exact.
 * @throws {InvalidArgumentError} on field page_token when the keys do not belong to this order.
 */
export function toKeyset<Field extends string>(
  order: readonly OrderTerm<Field>[],
  keys: readonly PageKey[] | undefined,
): Record<string, unknown> {
  if (!keys) return {};
  if (keys.length !== order.length) throw InvalidArgumentError.of('page_token', 'does not fit the order');
  const branches = order.map(({ field, direction }, index) => ({
    ...Object.fromEntries(order.slice(0, index).map((term, at) => [term.field, keys[at]])),
    [field]: { [direction === 'asc' ? '$gt' : '$lt']: keys[index] },
  }));
  return { $or: branches };
}
