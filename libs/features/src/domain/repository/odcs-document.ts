import { z } from 'zod';

/** Field names and required fields are those of the JSON Schema of the Open Data Contract Standard 3.1.0. */
const anything = z.unknown().optional();
const open = <Key extends string>(...keys: readonly Key[]) =>
  Object.fromEntries(keys.map((key) => [key, anything])) as Record<Key, typeof anything>;

const customProperties = z
  .array(z.strictObject({ property: z.string(), value: z.unknown(), ...open('id', 'description') }))
  .optional();

const operators = {
  mustBe: z.unknown().optional(),
  mustNotBe: z.unknown().optional(),
  mustBeGreaterThan: z.number().optional(),
  mustBeGreaterOrEqualTo: z.number().optional(),
  mustBeLessThan: z.number().optional(),
  mustBeLessOrEqualTo: z.number().optional(),
  mustBeBetween: z.array(z.number()).length(2).optional(),
  mustNotBeBetween: z.array(z.number()).length(2).optional(),
};
export type QualityOperator = keyof typeof operators;
export const QUALITY_OPERATORS = Object.keys(operators) as readonly QualityOperator[];

const quality = z.strictObject({
  ...open('id', 'authoritativeDefinitions', 'businessImpact', 'description', 'dimension', 'method'),
  ...open('schedule', 'scheduler', 'severity', 'tags', 'unit'),
  customProperties,
  name: z.string().optional(),
  type: z.enum(['text', 'library', 'sql', 'custom']).default('library'),
  metric: z.enum(['nullValues', 'missingValues', 'invalidValues', 'duplicateValues', 'rowCount']).optional(),
  /** The name that 3.0 had for `metric`. */
  rule: z.string().optional(),
  arguments: z.looseObject({}).optional(),
  ...open('query', 'engine', 'implementation', 'validValues'),
  ...operators,
});
export type QualityRule = z.output<typeof quality>;

const numeric = {
  multipleOf: z.number().positive().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
};
const dated = {
  format: z.string().optional(),
  minimum: z.string().optional(),
  maximum: z.string().optional(),
  exclusiveMinimum: z.string().optional(),
  exclusiveMaximum: z.string().optional(),
};
const length = z.number().int().min(0).optional();

/** Options by logical type. */
export const LOGICAL_OPTIONS = {
  string: z.strictObject({
    minLength: length,
    maxLength: length,
    pattern: z.string().max(1024).optional(),
    format: z.string().optional(),
  }),
  integer: z.strictObject({
    ...numeric,
    format: z.enum(['i8', 'i16', 'i32', 'i64', 'i128', 'u8', 'u16', 'u32', 'u64', 'u128']).optional(),
  }),
  number: z.strictObject({ ...numeric, format: z.enum(['f32', 'f64']).optional() }),
  boolean: z.strictObject({}),
  date: z.strictObject(dated),
  timestamp: z.strictObject({ ...dated, timezone: z.boolean().optional(), defaultTimezone: z.string().optional() }),
  time: z.strictObject({ ...dated, timezone: z.boolean().optional(), defaultTimezone: z.string().optional() }),
  object: z.looseObject({}),
  array: z.looseObject({}),
} as const;
export type LogicalType = keyof typeof LOGICAL_OPTIONS;

const property = z.strictObject({
  name: z.string().min(1).max(128),
  ...open('id', 'physicalType', 'description', 'businessName', 'authoritativeDefinitions', 'tags', 'physicalName'),
  ...open('partitioned', 'partitionKeyPosition', 'classification', 'encryptedName', 'transformSourceObjects'),
  ...open('transformLogic', 'transformDescription', 'examples', 'criticalDataElement', 'relationships'),
  ...open('properties', 'items'),
  customProperties,
  primaryKey: z.boolean().default(false),
  primaryKeyPosition: z.number().int().optional(),
  logicalType: z.enum(Object.keys(LOGICAL_OPTIONS) as [LogicalType, ...LogicalType[]]).optional(),
  logicalTypeOptions: z.looseObject({}).optional(),
  required: z.boolean().default(false),
  unique: z.boolean().default(false),
  quality: z.array(quality).max(100).default([]),
});
export type ContractProperty = z.output<typeof property>;

const schemaObject = z.strictObject({
  name: z.string().min(1).max(256),
  ...open('id', 'physicalType', 'description', 'businessName', 'authoritativeDefinitions', 'tags', 'physicalName'),
  ...open('dataGranularityDescription', 'relationships'),
  customProperties,
  logicalType: z.literal('object').optional(),
  properties: z.array(property).max(1_000).default([]),
  quality: z.array(quality).max(100).default([]),
});
export type SchemaObject = z.output<typeof schemaObject>;

/** A document of kind `DataContract`. */
export const contractDocument = z.strictObject({
  apiVersion: z.enum(['v3.1.0', 'v3.0.2', 'v3.0.1', 'v3.0.0']),
  kind: z.literal('DataContract'),
  id: z.string().min(1).max(256),
  version: z.string().min(1).max(256),
  status: z.string().min(1).max(256),
  ...open('name', 'tenant', 'tags', 'servers', 'dataProduct', 'description', 'domain', 'support', 'price', 'team'),
  ...open('roles', 'slaDefaultElement', 'authoritativeDefinitions', 'contractCreatedTs'),
  slaProperties: z.array(z.unknown()).max(100).default([]),
  customProperties,
  schema: z.array(schemaObject).max(100).default([]),
});
export type ContractDocument = z.output<typeof contractDocument>;
