import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDatabases, type TestDatabases } from '@slipway/persistence/testing';
import { temporaryDirectory } from '@slipway/testing';
import { freshInstallation, type FeatureInstallation } from '../testing/feature-installation.ts';
import { sampleFiles, streamOf, uploadOf } from '../testing/sample-repository.ts';

const CSV = `flight_id,origin,scheduled_at,left_at,delay,miles
a1,JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,100
a2,JFK,2001-01-01 10:30:00,2001-01-01 10:50:00,20,200
a3,LAX,2001-01-01 10:30:00,2001-01-01 10:25:00,-5,300
a4,JFK,2001-01-01 11:00:00,2001-01-01 09:00:00,-120,300
a5,jfk,2001-01-01 11:00:00,2001-01-01 11:00:00,,300
a6,JFK,2001-01-01 11:30:00,2001-01-01 12:30:00,60,
`;

const ENTITIES = `id,origin,at
1,JFK,2001-01-01 10:40:00
2,JFK,2001-01-01 12:00:00
3,LAX,2001-01-01 10:29:00
4,LAX,2001-01-01 10:30:00
5,SFO,2001-01-01 10:30:00
`;

describe('the feature store over DuckDB, LMDB and files', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let databases: TestDatabases;
  let installation: FeatureInstallation;
  beforeEach(async () => {
    directory = temporaryDirectory();
    databases = await sqliteDatabases();
    installation = await freshInstallation(databases, directory.path);
  });
  afterEach(async () => {
    await installation.stop();
    await databases.stop();
    directory.remove();
  });

  const ingest = (csv: string) =>
    installation.features.ingestRows(
      streamOf(uploadOf({ source: 'flights', format: 'FILE_FORMAT_CSV' as const }, Buffer.from(csv), 50)),
    );

  it('goes from a repository to features for training and for serving', async () => {
    const { features } = installation;
    const applied = await features.applyRepository({ files: sampleFiles() });
    const ingested = await ingest(CSV);
    const quarantined = await features.listQuarantinedRows({ ingestion_id: ingested.ingestion?.id ?? '' });
    const header = {
      name: 'q1',
      features: ['origin_delays:delay_mean_1h', 'origin_delays:distance'],
      format: 'FILE_FORMAT_CSV' as const,
      event_time_column: 'at',
    };
    const { operation } = await features.createTrainingSet(streamOf(uploadOf(header, Buffer.from(ENTITIES))));
    const done = await installation.finished(operation);
    const materialized = await installation.finished((await features.materializeViews({})).operation);
    const online = await features.getOnlineFeatures({
      feature_service: 'flight_delay',
      entities: { origin: { strings: { values: ['JFK', 'LAX', 'SFO'] } } },
      as_of: { seconds: String(Date.UTC(2001, 0, 2, 11, 0) / 1000), nanos: 0 },
    });
    expect(online.features).toHaveLength(2);
  });
});
