import { seededRandom } from '@slipway/kernel';

export const VIEW = 'wide';
export const FEATURES = Array.from({ length: 50 }, (_, index) => `f${index}`);
export const KEYS = 10_000;
const ROW_TIME = '2001-04-01T00:00:00Z';
export const ROW_TIME_MICROS = 986_083_200_000_000;

export const keyOf = (row: number): string => `key-${row}`;

/** Values of one row for each key, key by key. */
export function wideValues(seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: KEYS * FEATURES.length }, () => random.next());
}

/** The rows as CSV in parts of some hundred rows. */
export function* csvOf(values: Float64Array): Iterable<Buffer> {
  yield Buffer.from(`${['id', 'at', ...FEATURES].join(',')}\n`);
  let part = '';
  for (let row = 0; row < KEYS; row += 1) {
    const cells = values.subarray(row * FEATURES.length, (row + 1) * FEATURES.length);
    part += `${keyOf(row)},${ROW_TIME},${cells.join(',')}\n`;
    if (row % 200 !== 199 && row !== KEYS - 1) continue;
    yield Buffer.from(part);
    part = '';
  }
}

/** `calls` lists of `rows` keys, another one first in each; within one list no key comes twice. */
export function keysOfCalls(calls: number, rows: number): readonly (readonly string[])[] {
  const stride = 101; // without a divisor in common with the number of keys
  const step = 3_737; // likewise
  return Array.from({ length: calls }, (_, call) =>
    Array.from({ length: rows }, (_, row) => keyOf((call * step + row * stride) % KEYS)),
  );
}

const contract = `apiVersion: v3.1.0
kind: DataContract
id: ${VIEW}
version: 1.0.0
status: active
schema:
  - name: ${VIEW}
    properties:
      - {name: id, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: at, logicalType: timestamp, required: true}
${FEATURES.map((name) => `      - {name: ${name}, logicalType: number}`).join('\n')}
`;

const repository = `apiVersion: slipway.features/v1
kind: FeatureRepository
entities:
  - {name: thing, joinKeys: [{name: id, type: string}]}
sources:
  - {name: ${VIEW}, contract: contracts/${VIEW}.odcs.yaml, eventTime: at}
views:
  - name: ${VIEW}
    entities: [thing]
    source: ${VIEW}
    features:
${FEATURES.map((name) => `      - {name: ${name}}`).join('\n')}
`;

export const REPOSITORY = [
  { path: 'features.yaml', content: repository },
  { path: `contracts/${VIEW}.odcs.yaml`, content: contract },
];
