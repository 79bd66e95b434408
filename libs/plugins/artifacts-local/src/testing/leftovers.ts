import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const filesBelow = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    : [];

/** Temporary files, and blobs that no path refers to, found by looking at every file: independent of what the driver believes. */
export function leftovers(root: string): readonly string[] {
  const referenced = new Set(
    filesBelow(join(root, 'paths')).map((path) => {
      const pointer = JSON.parse(readFileSync(join(root, 'paths', path), 'utf8')) as { sha256: string; blob: string };
      return join(pointer.sha256.slice(0, 2), pointer.sha256, pointer.blob);
    }),
  );
  const blobs = filesBelow(join(root, 'blobs', 'sha256')).filter((blob) => !referenced.has(blob));
  return [
    ...filesBelow(join(root, 'incoming')).map((name) => `incoming/${name}`),
    ...blobs.map((name) => `blob ${name}`),
  ];
}
