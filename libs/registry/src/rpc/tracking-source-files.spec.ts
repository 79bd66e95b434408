import type { DownloadArtifactRequest, ListArtifactsRequest } from '@slipway/contracts/slipway.tracking.v1';
import { expect, it } from 'vitest';
import { trackingSourceFiles, type TrackingCalls } from './tracking-source-files.ts';

const artifact = (path: string, bytes?: string) => ({
  path,
  is_directory: bytes === undefined,
  bytes: bytes ?? '0',
  sha256: bytes === undefined ? '' : 'a'.repeat(64),
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

it('lists what is below a folder, page by page and folder by folder, and reads files in the workspace of the call', async () => {
  const asked: unknown[] = [];
  const pages = new Map([
    ['model ', { artifacts: [artifact('model/MLmodel', '3')], next_page_token: 'more' }],
    ['model more', { artifacts: [artifact('model/data')], next_page_token: '' }],
    ['model/data ', { artifacts: [artifact('model/data/a b.txt', '9007199254740991')], next_page_token: '' }],
  ]);
  const tracking: TrackingCalls = {
    listArtifacts: (request: ListArtifactsRequest, options) => {
      asked.push([request.owner, request.path, options?.workspace]);
      const page = pages.get(`${request.path ?? ''} ${request.page_token ?? ''}`);
      return page ? Promise.resolve(page) : Promise.reject(new Error(`no folder ${request.path ?? ''}`));
    },
    downloadArtifact: async function* (request: DownloadArtifactRequest, options) {
      asked.push([request.owner, request.path, options?.workspace]);
      yield await Promise.resolve({ chunk: Buffer.alloc(0), artifact: null });
      yield { chunk: Buffer.from('abc'), artifact: null };
    },
  };
  const { signal } = new AbortController();
  const files = trackingSourceFiles(tracking);
  const folder = { workspace: 'w', owner: { runId: '0a' }, path: 'model' };
  expect(await collect(files.list(folder, signal))).toEqual([
    { path: 'MLmodel', bytes: 3, sha256: 'a'.repeat(64) },
    { path: 'data/a b.txt', bytes: Number.MAX_SAFE_INTEGER, sha256: 'a'.repeat(64) },
  ]);
  const owner = { run_id: '0a' };
  const inModel = [owner, 'model', 'w'];
  expect(asked.splice(0)).toEqual([inModel, inModel, [owner, 'model/data', 'w']]);
  const content = await collect(
    files.read({ ...folder, owner: { location: '1/0a/artifacts' }, path: '' }, 'x', signal),
  );
  expect(content).toEqual([Buffer.from('abc')]);
  expect(asked).toEqual([[{ location: '1/0a/artifacts' }, 'x', 'w']]);
});
