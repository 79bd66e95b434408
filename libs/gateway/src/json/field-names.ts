import type protobuf from 'protobufjs';

/** What a JSON name of a message stands for. */
export interface NamedField {
  readonly field: protobuf.Field;
  /** A oneof of which one member may be set; the made-up ones of `optional` fields are none. */
  readonly oneof: string | undefined;
}

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const tables = new WeakMap<protobuf.Type, ReadonlyMap<string, NamedField>>();

/** Fields by their name in the contract and by its lowerCamelCase form, as proto3 JSON accepts both. */
export function fieldNames(type: protobuf.Type): ReadonlyMap<string, NamedField> {
  const known = tables.get(type);
  if (known) return known;
  const table = new Map<string, NamedField>();
  for (const field of type.fieldsArray) {
    const { partOf } = field.resolve();
    const named = { field, oneof: partOf && !partOf.isProto3Optional ? partOf.name : undefined };
    table.set(camelCase(field.name), named);
    table.set(field.name, named);
  }
  tables.set(type, table);
  return table;
}
