import { artifactPath, type ArtifactPath } from '@slipway/plugin-kit';

/**
 * Where things are in the bucket:
 *
 *     <prefix>objects/<path>  content; its digest, time and write id are metadata of the same object
 *     <prefix>staging/<id>    large content of unknown digest on its way; no list shows it
 *     <prefix>probe/<id>      what `open` tries the server with
 *
 * Content and digest are one object that a single request makes visible, so no moment exists in which they could disagree, nothing refers to anything
 * that could be absent, and a replaced or deleted content needs nobody to collect it. The price is paid by large content whose digest is not known
 * beforehand: metadata has to be given when an upload begins, so such content goes to `staging` first and is copied within the server, which moves no
 * bytes through this process. (The other way, a pointer object naming a content object, costs every read and stat a second request, and what is no
 * longer pointed at cannot be told from what is about to be without locks, which S3 does not have.)
 */
export class Keys {
  readonly objects: string;
  readonly staging: string;
  readonly probe: string;

  /** @param prefix empty, or ends in `/`. */
  constructor(prefix: string) {
    this.objects = `${prefix}objects/`;
    this.staging = `${prefix}staging/`;
    this.probe = `${prefix}probe/`;
  }

  object(path: ArtifactPath): string {
    return this.objects + path;
  }

  /** undefined for a key that is no path of ours. */
  path(key: string): ArtifactPath | undefined {
    try {
      return key.startsWith(this.objects) ? artifactPath(key.slice(this.objects.length)) : undefined;
    } catch {
      return undefined; // put there by somebody else: nothing that a caller could name
    }
  }
}
