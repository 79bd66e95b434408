import { buildModel } from '@slipway/model-package';
import type { RandomRows } from '../measure/random-rows.ts';

export const MODEL = 'by-key';
export const VIEW = 'measured';
export const FEATURES = Array.from({ length: 8 }, (_, index) => `f${index}`);
export const KEYS = 1_000;

/** `score` is the sum of eight features, each an input of its own. */
export const keyedGraph = (): Uint8Array =>
  buildModel({
    producer: 'slipway-bench',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'sum',
      inputs: FEATURES.map((name) => ({ name, datatype: 'FP64', shape: [-1, 1] })),
      outputs: [{ name: 'score', datatype: 'FP64', shape: [-1, 1] }],
      nodes: [{ op: 'Sum', inputs: FEATURES, outputs: ['score'] }],
    },
  });

export const keyOf = (row: number): string => `key-${row}`;

/** One row of features for each key, as CSV, and what the model must answer for each. */
export function keyedRows(random: RandomRows): { readonly csv: string; readonly scores: Float64Array } {
  const values = random.floats('features by key', KEYS * FEATURES.length);
  const scores = new Float64Array(KEYS);
  const lines = Array.from({ length: KEYS }, (_, row) => {
    const cells = FEATURES.map((_, column) => values[row * FEATURES.length + column] ?? 0);
    scores[row] = cells.reduce((sum, cell) => sum + cell, 0);
    return `${row},${keyOf(row)},2001-04-01 00:00:00,${cells.join(',')}`;
  });
  return { csv: `${['row', 'id', 'at', ...FEATURES].join(',')}\n${lines.join('\n')}\n`, scores };
}

const contract = `apiVersion: v3.1.0
kind: DataContract
id: ${VIEW}
version: 1.0.0
status: active
schema:
  - name: ${VIEW}
    properties:
      - {name: row, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: id, logicalType: string, required: true}
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
