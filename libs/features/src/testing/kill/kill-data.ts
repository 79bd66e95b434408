/** Rows of the sample's source, one of them in breach. */
export const ROWS = `flight_id,origin,scheduled_at,left_at,delay,miles
a1,JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,100
a2,JFK,2001-01-01 10:30:00,2001-01-01 10:50:00,20,200
a3,LAX,2001-01-01 10:30:00,2001-01-01 10:25:00,-5,300
a4,JFK,2001-01-01 11:00:00,2001-01-01 09:00:00,-120,300
`;

export const ENTITIES = `id,origin,at
1,JFK,2001-01-01 10:40:00
2,LAX,2001-01-01 12:00:00
`;

export const SCORING = { consumer: 'nightly', source: 'flights', features: ['origin_delays:delay'] };
export const MANIFEST = 'artifact:default/batch/1';

/** Request of a load but for manifest and files. */
export const PREDICTIONS = {
  table: 'late',
  keys: [{ name: 'flight', type: 'COLUMN_TYPE_STRING' as const }],
  outputs: ['probability'],
  time_column: 'due',
};

/** A query whose two rows are its predictions. */
export const predictionsOf = (value: number): string =>
  `select * from (values ('a', ${value}::DOUBLE, timestamptz '2001-01-01'), ('b', ${value}::DOUBLE, timestamptz '2001-01-01')) as t(flight, probability, due)`;
