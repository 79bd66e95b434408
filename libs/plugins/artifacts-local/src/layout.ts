import { dirname, join } from 'node:path';
import type { ArtifactPath } from '@slipway/plugin-kit';

/**
 * Where things are below the root (a real path):
 *
 *     paths/<segment>/.../<segment>           pointer of one path: blob, bytes, sha256, time
 *     blobs/sha256/<first two>/<sha256>/<id>  content, never changed; one name per write
 *     incoming/<id>.content|pointer|displaced what a write or delete is working on; no list shows it
 *     lock.sqlite                             tells whether another process has the store open
 *
 * Content is addressed by its digest, and the same content is stored once: a further write of it is a further hard link, so that the file system
 * counts the references. Each name belongs to one pointer and is removed with it, which needs no search for other users of the digest and cannot
 * hit one of them. A pointer is one small file that appears whole by `link` or `rename` after its blob is in place, so content and digest cannot
 * disagree at any moment.
 */
export class Layout {
  readonly root: string;
  readonly paths: string;
  readonly blobs: string;
  readonly incoming: string;
  readonly lock: string;

  constructor(root: string) {
    this.root = root;
    this.paths = join(root, 'paths');
    this.blobs = join(root, 'blobs', 'sha256');
    this.incoming = join(root, 'incoming');
    this.lock = join(root, 'lock.sqlite');
  }

  pointer(path: ArtifactPath): string {
    return join(this.paths, path);
  }

  /** Names of the directories above a path, below `paths`. */
  parentNames(path: ArtifactPath): readonly string[] {
    return path.split('/').slice(0, -1);
  }

  parent(path: ArtifactPath): string {
    return dirname(this.pointer(path));
  }

  /** Names of the directories above a blob, below `blobs`. */
  blobParentNames(sha256: string): readonly [string, string] {
    return [sha256.slice(0, 2), sha256];
  }

  blob(sha256: string, id: string): string {
    return join(this.blobs, ...this.blobParentNames(sha256), id);
  }

  working(id: string, kind: 'content' | 'pointer' | 'displaced'): string {
    return join(this.incoming, `${id}.${kind}`);
  }
}
