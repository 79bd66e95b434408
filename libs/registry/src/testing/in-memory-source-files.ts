import { createHash } from 'node:crypto';
import type { SourceFiles, SourceFolder } from '../domain/source/source-files.ts';

/** Files of runs and logged models in memory. */
export class InMemorySourceFiles implements SourceFiles {
  /** By workspace, owner and path, with slashes between them. */
  readonly files = new Map<string, Uint8Array>();
  /** Whether the listing knows digests. */
  knowsDigests = true;
  reads = 0;

  put(workspace: string, owner: string, path: string, content: Uint8Array | string): void {
    this.files.set(`${workspace}/${owner}/${path}`, Buffer.from(content));
  }

  async *list(folder: SourceFolder) {
    const prefix = prefixOf(folder);
    for (const [name, content] of this.files) {
      if (!name.startsWith(prefix)) continue;
      const sha256 = this.knowsDigests ? createHash('sha256').update(content).digest('hex') : '';
      yield await Promise.resolve({ path: name.slice(prefix.length), bytes: content.length, sha256 });
    }
  }

  async *read(folder: SourceFolder, file: string) {
    this.reads += 1;
    const content = this.files.get(prefixOf(folder) + file);
    if (!content) throw new Error(`a file that was not listed: ${file}`);
    yield await Promise.resolve(content);
  }
}

function prefixOf({ workspace, owner, path }: SourceFolder): string {
  const name = 'runId' in owner ? owner.runId : 'modelId' in owner ? owner.modelId : owner.location;
  return `${[workspace, name, ...(path === '' ? [] : [path])].join('/')}/`;
}
