import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createIdSource, seededRandom, systemClock } from '@slipway/kernel';
import { artifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import { openArtifacts } from '../testing/batch-installation.ts';
import { LocalJobFiles } from './local-job-files.ts';

const unaborted = new AbortController().signal;
const PLACE = { workspace: 'default', consumer: 'nightly', source: 'flights', fromExclusive: 0n };

let directory: ReturnType<typeof temporaryDirectory>;
let artifacts: ArtifactStore;
let files: LocalJobFiles;
beforeEach(async () => {
  directory = temporaryDirectory();
  artifacts = await openArtifacts(directory.path);
  const ids = createIdSource(systemClock, seededRandom(1));
  files = new LocalJobFiles({ artifacts, directory: join(directory.path, 'scratch'), scratchBytesMax: 1_000, ids });
  await files.prepare();
});
afterEach(async () => {
  await artifacts.close();
  directory.remove();
});

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

it('of two manifests for one position the first one stays, and both are told it', async () => {
  const [first, second] = [Buffer.from('{"job":"1"}'), Buffer.from('{"job":"2"}')];
  expect(await files.publish(PLACE, first, unaborted)).toEqual(first);
  expect(await files.publish(PLACE, second, unaborted)).toEqual(first);
  expect(await files.publish({ ...PLACE, fromExclusive: 1n }, second, unaborted)).toEqual(second);
});

it('holds no input whose bytes are not those of the plan, however many they are', async () => {
  const content = Buffer.from('rows of flights');
  const file = { uri: 'artifact:default/sets/1', bytes: content.length, rows: 1, sha256: createHash('sha256').update(content).digest('hex') }; // prettier-ignore
  const refused = { kind: 'data-loss', reason: 'INPUT_REPLACED' };
  for (const wrong of ['rows of flight_', 'rows of flights and more', 'rows']) {
    await artifacts.write(artifactPath('default/sets/1'), one(Buffer.from(wrong)), {}, unaborted);
    await expect(files.holdInput('default', file, unaborted)).rejects.toMatchObject(refused);
  }
  expect(() => files.holdInput('other', file, unaborted)).toThrow('belongs to another workspace');
  await artifacts.write(artifactPath('default/sets/1'), one(content), {}, unaborted);
  (await files.holdInput('default', file, unaborted)).release();
});
