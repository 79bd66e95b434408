import { orderInvalid } from './errors.ts';

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

export interface PageRequest {
  /** 1..1000. */
  readonly pageSize: number;
  /** From the page before; empty for the first one. */
  readonly pageToken: string;
}

export interface Order<Field extends string> {
  readonly field: Field;
  readonly descending: boolean;
}

/** Reads `order_by`: one of `fields`, with ` desc` for the reverse; empty means the first, ascending. @throws {InvalidArgumentError} reason ORDER_BY_INVALID. */
export function readOrder<const Field extends string>(
  text: string,
  fields: readonly [Field, ...Field[]],
): Order<Field> {
  if (text === '') return { field: fields[0], descending: false };
  const [name, direction, ...rest] = text.split(' ');
  const field = fields.find((each) => each === name);
  if (field === undefined || rest.length > 0 || (direction !== undefined && direction !== 'desc')) {
    throw orderInvalid(text, fields);
  }
  return { field, descending: direction === 'desc' };
}
