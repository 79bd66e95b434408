import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '@slipway/testing';
import { startFeatures, type FeatureInstallation } from '../testing/feature-installation.ts';
import { sampleFiles, streamOf, uploadOf } from '../testing/sample-repository.ts';

const HEAD = 'flight_id,origin,scheduled_at,left_at,delay,miles\n';
const rowOf = (flight: string) => `${flight},JFK,2001-01-01 10:00:00,2001-01-01 10:10:00,10,100\n`;
const HEADER = { source: 'flights', format: 'FILE_FORMAT_CSV' as const };

describe('the feature store', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let running: FeatureInstallation[];
  beforeEach(() => {
    directory = temporaryDirectory();
    running = [];
  });
  afterEach(async () => {
    for (const each of running) await each.stop();
    directory.remove();
  });

  const start = async (name: string): Promise<FeatureInstallation> => {
    const target = { driver: 'sqlite', file: join(directory.path, 'features.sqlite') } as const;
    const installation = await startFeatures({ directory: join(directory.path, name), target });
    running.push(installation);
    return installation;
  };
  const ingest = ({ features }: FeatureInstallation, flight: string) =>
    features.ingestRows(streamOf(uploadOf(HEADER, Buffer.from(HEAD + rowOf(flight)))));

  it('numbers rows once that two processes take in at the same time', async () => {
    const [one, two] = [await start('one'), await start('two')];
    await one.features.applyRepository({ files: sampleFiles() });
    const arrivals: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const both = await Promise.all([ingest(one, `a${round}`), ingest(two, `b${round}`)]);
      arrivals.push(...both.map(({ ingestion }) => ingestion?.first_arrival ?? ''));
    }
    expect(arrivals.sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  /** The stored file of this content, wherever the driver keeps it. */
  const storedFile = (matches: (content: Buffer) => boolean): string => {
    const entries = readdirSync(join(directory.path, 'one', 'artifacts'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const found = files.filter((file) => matches(readFileSync(file)));
    expect(found).toHaveLength(1);
    return found[0] ?? '';
  };
  const damage = (file: string): (() => void) => {
    const content = readFileSync(file);
    const broken = Buffer.from(content);
    broken[8] = (broken[8] ?? 0) ^ 1;
    writeFileSync(file, broken);
    return () => writeFileSync(file, content);
  };

  it('materializes all rows once the file can be read that broke off the first time', async () => {
    const first = await start('one');
    await first.features.applyRepository({ files: sampleFiles() });
    await ingest(first, 'a');
    await running.pop()?.stop();
    rmSync(join(directory.path, 'one', 'features', 'files'), { recursive: true });
    const repair = damage(storedFile((content) => content.subarray(0, 4).toString() === 'PAR1'));
    const next = await start('one');
    const materialize = async () => next.finished((await next.features.materializeViews({})).operation);
    await expect(materialize()).rejects.toThrow('STORED_FILE_LOST');
    expect((await next.features.listViews({})).views).toMatchObject([{ online_arrival: '0' }]);
    repair();
    await materialize();
    const entities = { origin: { strings: { values: ['JFK'] } } };
    const { features } = await next.features.getOnlineFeatures({ features: ['origin_delays:delay'], entities });
    expect(features[0]?.values?.numbers?.values).toEqual([10]);
  });

  it('hands out no training set whose file has changed, and names it by its content', async () => {
    const one = await start('one');
    const { features } = one;
    await features.applyRepository({ files: sampleFiles() });
    const header = { name: 'q', format: HEADER.format, features: ['origin_delays:delay'], event_time_column: 'at' };
    const entities = Buffer.from('origin,at\nJFK,2001-01-01 10:40:00\n');
    const { operation } = await features.createTrainingSet(streamOf(uploadOf(header, entities)));
    const { id } = JSON.parse((await one.finished(operation)).result_json) as { id: string };
    const download = async () => {
      const hash = createHash('sha256');
      for await (const { chunk } of features.downloadTrainingSet({ id })) hash.update(chunk);
      return hash.digest('hex');
    };
    const sha256 = await download();
    expect(sha256).not.toBe(id); // of the file, which another version of the engine would write otherwise
    const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
    damage(storedFile((content) => digestOf(content) === sha256));
    await expect(download()).rejects.toMatchObject({ kind: 'data-loss', reason: 'STORED_FILE_LOST' });
  });
});
