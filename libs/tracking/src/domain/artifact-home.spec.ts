import { NotFoundError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import { findPlace } from './artifact-home.ts';
import type { TrackingReads } from './unit-of-work.ts';

const RUN = 'a'.repeat(32);
const MODEL = `m-${'b'.repeat(32)}`;
const RUNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    [RUN]: `mlflow-artifacts:/1/${RUN}/artifacts`,
    far: 's3://bucket/1/far/artifacts',
    custom: 'mlflow-artifacts:/team/artifacts/x/custom/artifacts',
    artifacts: 'mlflow-artifacts:/1/artifacts/artifacts',
  }),
);

/** Every entry of experiment 1. It keeps what it was asked for. */
function readsOf(asked: string[] = []): TrackingReads {
  const run = (runId: string) => {
    asked.push(runId);
    const artifactUri = RUNS.get(runId);
    return Promise.resolve(
      artifactUri === undefined ? undefined : { runId, experimentId: 1n, deleted: false, artifactUri },
    );
  };
  const model = (modelId: string) => {
    asked.push(modelId);
    const artifactUri = `mlflow-artifacts:/1/models/${MODEL}/artifacts`;
    const deletedTime = modelId === 'gone' ? 5n : undefined;
    const known = modelId === MODEL || modelId === 'gone';
    return Promise.resolve(
      known ? { modelId, experimentId: 1n, deletedTime, artifactUri: artifactUri.replace(MODEL, modelId) } : undefined,
    );
  };
  return { runs: { get: run }, models: { get: model } } as unknown as TrackingReads;
}

const find = (location: string, path = '') => findPlace(readsOf(), { owner: { kind: 'location', location }, path });

describe('places of artifacts', () => {
  it.each([
    [`1/${RUN}/artifacts`, '', 'run', RUN, ''],
    [`1/${RUN}/artifacts`, 'a/b', 'run', RUN, 'a/b'],
    [`1/${RUN}/artifacts/a`, 'b', 'run', RUN, 'a/b'],
    [`1/${RUN}/artifacts/artifacts/x`, '', 'run', RUN, 'artifacts/x'],
    [`1/models/${MODEL}/artifacts/MLmodel`, '', 'model', MODEL, 'MLmodel'],
    ['team/artifacts/x/custom/artifacts/f', '', 'run', 'custom', 'f'],
    ['1/artifacts/artifacts/f', '', 'run', 'artifacts', 'f'],
  ])('finds %s + %s', async (location, below, kind, id, path) => {
    expect(await find(location, below)).toMatchObject({ home: { kind, id, experimentId: 1n }, path });
  });

  it.each([
    `2/${RUN}/artifacts/x`, // of another experiment
    `x/1/${RUN}/artifacts/x`,
    `${RUN}/artifacts`,
    `1/models/${RUN}/artifacts`,
    `1/${MODEL}/artifacts`,
    '1/far/artifacts/x', // its files are elsewhere
    '1/nobody/artifacts/x',
    '1/models/gone/artifacts/x',
    '1/constructor/artifacts/x',
  ])('has nothing at %s', async (location) => {
    await expect(find(location)).rejects.toBeInstanceOf(NotFoundError);
  });

  it.each([
    '',
    '1',
    `1/${RUN}`,
    'artifacts',
    `/1/${RUN}/artifacts/x`,
    `1/${RUN}/artifacts/../../x`,
    `1/${RUN}/artifacts/..`,
    `1/./${RUN}/artifacts/x`,
    `1/${RUN}/artifacts//x`,
    `1/${RUN}/artifacts/x/`,
    `1/${RUN}/artifacts/%2e%2e/x`,
    `1/${RUN}/artifacts/%252e%252e/x`,
    `1/${RUN}/artifacts/%2Fetc/passwd`,
    `1/${RUN}/artifacts/..\\x`,
    `1/${RUN}/artifacts\\x`,
    `1/${RUN}/artifacts/x\0.png`,
    `1/${RUN}/artifacts/x\n`,
    `1/${RUN}/artifacts/\ud800`,
    `C:/1/${RUN}/artifacts/x`,
    `file:/1/${RUN}/artifacts/x`,
    `mlflow-artifacts:/1/${RUN}/artifacts/x`,
    `1/${RUN}/artifacts/${'x'.repeat(1_100)}`,
  ])('asks for nothing when told %j', async (location) => {
    const asked: string[] = [];
    const named = { owner: { kind: 'location', location }, path: '' } as const;
    await expect(findPlace(readsOf(asked), named)).rejects.toMatchObject({ reason: 'ARTIFACT_PATH_INVALID' });
    expect(asked).toEqual([]);
  });

  it.each(['..', '../x', '/etc/passwd', 'a/%2e%2e/b', 'a\\b', 'C:/x', 'a\0', 'a//b', 'x/'])(
    'refuses the path %j',
    async (path) => {
      for (const owner of [
        { kind: 'run', id: RUN },
        { kind: 'location', location: `1/${RUN}/artifacts` },
      ] as const) {
        await expect(findPlace(readsOf(), { owner, path })).rejects.toMatchObject({ reason: 'ARTIFACT_PATH_INVALID' });
      }
    },
  );

  it('says where files are that are not here', async () => {
    const named = { owner: { kind: 'run', id: 'far' }, path: 'x' } as const;
    await expect(findPlace(readsOf(), named)).rejects.toMatchObject({ reason: 'ARTIFACTS_ELSEWHERE' });
  });

  it('asks a bounded number of times', async () => {
    const asked: string[] = [];
    const location = `1/${'models/x/artifacts/'.repeat(50)}f`;
    await expect(findPlace(readsOf(asked), { owner: { kind: 'location', location }, path: '' })).rejects.toThrow();
    expect(asked.length).toBeLessThanOrEqual(8);
  });
});
