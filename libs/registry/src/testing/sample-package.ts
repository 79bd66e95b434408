import { createHash } from 'node:crypto';
import { buildModel, type PackageFile } from '@slipway/model-package';
import type { UploadHeader } from '../domain/upload/package-header.ts';
import type { UploadPart } from '../domain/upload/upload-reader.ts';

/** y = x + bias, float32 of shape [-1, 2]. Another bias makes another file. */
export function sampleGraph(bias = 1): Uint8Array {
  const matrix = { datatype: 'FP32', shape: [-1, 2] } as const;
  return buildModel({
    producer: 'slipway-tests',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: 'add',
      inputs: [{ name: 'x', ...matrix }],
      outputs: [{ name: 'y', ...matrix }],
      initializers: [{ name: 'b', datatype: 'FP32', shape: [2], data: Float32Array.of(bias, -bias) }],
      nodes: [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }],
    },
  });
}

export const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

export const fileOf = (path: string, content: Uint8Array): PackageFile => ({
  path,
  bytes: content.length,
  sha256: sha256Of(content),
});

export type Contents = Readonly<Record<string, Uint8Array>>;

export const headerOf = (model: string, contents: Contents, more: Partial<UploadHeader> = {}): UploadHeader => ({
  model,
  description: '',
  tags: {},
  files: Object.entries(contents).map(([path, content]) => fileOf(path, content)),
  graph: Object.keys(contents)[0] ?? '',
  features: [],
  runId: '',
  trainingSetId: '',
  preprocessingJson: '',
  postprocessingJson: '',
  requestId: '',
  ...more,
});

/** The messages of a right upload. */
export function partsOf(header: UploadHeader, contents: Contents, chunkBytes = 100): UploadPart[] {
  const parts: UploadPart[] = [{ kind: 'header', header }];
  for (const { path } of header.files) {
    const content = contents[path] ?? new Uint8Array();
    for (let at = 0; at < content.length; at += chunkBytes) {
      parts.push({ kind: 'chunk', bytes: content.subarray(at, at + chunkBytes) });
    }
    parts.push({ kind: 'file-end' });
  }
  return parts;
}

export async function* streamOf<Item>(items: Iterable<Item>): AsyncGenerator<Item, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}
