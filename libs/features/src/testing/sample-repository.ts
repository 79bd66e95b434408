/** Flights with delays at their origin, and the contract of their rows. */
export const FEATURES_YAML = `apiVersion: slipway.features/v1
kind: FeatureRepository
entities:
  - {name: airport, joinKeys: [{name: origin, type: string}]}
sources:
  - name: flights
    contract: contracts/flights.odcs.yaml
    eventTime: scheduled_at
    createdTime: left_at
    columns: {distance: miles}
views:
  - name: origin_delays
    entities: [airport]
    source: flights
    ttl: 1d
    features:
      - {name: delay_mean_1h, aggregation: {function: mean, column: delay, window: 1h}}
      - {name: delay}
      - {name: distance}
services:
  - {name: flight_delay, features: ["origin_delays:delay_mean_1h", "origin_delays:distance"]}
`;

export const CONTRACT_YAML = `apiVersion: v3.1.0
kind: DataContract
id: flights
version: 1.0.0
status: active
schema:
  - name: flights
    properties:
      - {name: flight_id, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: origin, logicalType: string, required: true, logicalTypeOptions: {pattern: "[A-Z]{3}"}}
      - {name: scheduled_at, logicalType: timestamp, required: true}
      - {name: left_at, logicalType: timestamp, required: true}
      - name: delay
        logicalType: number
        logicalTypeOptions: {minimum: -60, maximum: 1440}
        quality:
          - {name: mean delay, type: sql, query: "select avg(delay) from flights", mustBeLessThan: 60}
      - {name: distance, logicalType: integer}
`;

export const sampleFiles = (features = FEATURES_YAML, contract = CONTRACT_YAML) => [
  { path: 'features.yaml', content: features },
  { path: 'contracts/flights.odcs.yaml', content: contract },
];

/** Parts of an upload: the header, then the content in pieces. */
export function* uploadOf<Header>(header: Header, content: Uint8Array, pieceBytes = 64 * 1024) {
  yield { header };
  for (let at = 0; at < content.length; at += pieceBytes) {
    yield { chunk: Buffer.from(content.subarray(at, at + pieceBytes)) };
  }
}

/** The same as the client takes it. */
export async function* streamOf<Part>(parts: Iterable<Part>): AsyncGenerator<Part, void, undefined> {
  for (const part of parts) {
    await Promise.resolve();
    yield part;
  }
}
