import { createHash } from 'node:crypto';
import { DataLossError, DomainError, NotFoundError } from '@slipway/kernel';
import { artifactPath, type ArtifactPath, type ArtifactStore } from '@slipway/plugin-kit';
import type { PackageFile } from '@slipway/model-package';
import { packageFileLost } from '../domain/errors.ts';
import type { PackageStore } from '../domain/package-store.ts';

/** Where a file of a package is kept. */
const blobPath = (workspace: string, sha256: string): ArtifactPath =>
  artifactPath(workspace, 'registry', 'blobs', 'sha256', sha256.slice(0, 2), sha256);

/** Packages in an artifact store, which is opened and closed by whoever made it. */
export function createPackageStore(artifacts: ArtifactStore): PackageStore {
  return {
    write: async (workspace, { bytes, sha256 }, content, signal) => {
      const options = { sha256, bytesMax: bytes };
      await artifacts.write(blobPath(workspace, sha256), content, options, signal);
    },
    read: (workspace, file, signal) => readFile(artifacts, blobPath(workspace, file.sha256), file, signal),
    delete: (workspace, sha256, signal) => artifacts.delete(blobPath(workspace, sha256), signal),
  };
}

async function* readFile(
  artifacts: ArtifactStore,
  path: ArtifactPath,
  file: PackageFile,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let received = 0;
  let held: Uint8Array | undefined; // handed out once what follows it is known to be right
  try {
    for await (const chunk of await artifacts.read(path, undefined, signal)) {
      hash.update(chunk);
      received += chunk.length;
      if (received > file.bytes) throw packageFileLost(file.path, 'is longer than what was signed');
      if (held) yield held;
      held = chunk;
    }
  } catch (error) {
    throw lossOf(error, file);
  }
  if (received !== file.bytes) throw packageFileLost(file.path, `has ${received} of the ${file.bytes} signed bytes`);
  if (hash.digest('hex') !== file.sha256) throw packageFileLost(file.path, 'does not have the digest that was signed');
  if (held) yield held;
}

/** A file that a version names and the store does not have, or knows to be broken, is lost; all else is passed on. */
function lossOf(error: unknown, file: PackageFile): unknown {
  if (error instanceof NotFoundError) return packageFileLost(file.path, 'is gone', error);
  if (error instanceof DataLossError && error.reason !== 'PACKAGE_FILE_LOST') {
    return packageFileLost(file.path, 'is broken', error);
  }
  return error instanceof DomainError || error instanceof Error ? error : new Error(String(error));
}
