import { rm } from 'node:fs/promises';
import type { Clock } from '@slipway/kernel';
import { type ArtifactInfo, ArtifactIntake, type ArtifactPath, type WriteOptions } from '@slipway/plugin-kit';
import { placeBlob, removeBlob } from './blob.ts';
import { writeNewFile } from './content-file.ts';
import { pruneEmptyParents } from './directories.ts';
import { fromFileSystem } from './file-system-error.ts';
import type { Layout } from './layout.ts';
import type { PathQueue } from './path-queue.ts';
import { encodePointer, type Pointer } from './pointer.ts';
import { findPointer } from './read-artifact.ts';
import { alreadyExists, publishIfAbsent, publishReplacing } from './publish.ts';

/** What one write needs of its store. */
export interface WriteContext {
  readonly layout: Layout;
  readonly clock: Clock;
  readonly fsync: boolean;
  /** Replacements and deletes of one path, one after another. */
  readonly queue: PathQueue;
  /** Attempt-unique: also across processes. */
  readonly id: string;
}

/** Content to a file of its own, then its pointer, then the blob's name, then the path: dying after any step leaves the path as it was, or done. */
export async function writeArtifact(
  context: WriteContext,
  path: ArtifactPath,
  content: AsyncIterable<Uint8Array>,
  options: WriteOptions,
  signal: AbortSignal,
): Promise<ArtifactInfo> {
  const { layout, clock, id, fsync } = context;
  const intake = new ArtifactIntake(path, content, options, signal);
  const working = layout.working(id, 'content');
  let pointer: Pointer | undefined;
  try {
    signal.throwIfAborted();
    // Saves taking in content for nothing; what decides is the link at the end.
    if (options.ifAbsent && (await findPointer(layout, path))) throw alreadyExists(path);
    await writeNewFile(working, intake.chunks(), fsync);
    pointer = { path, blob: id, ...intake.finish(), modifiedAt: clock.now() };
    await writeNewFile(layout.working(id, 'pointer'), [Buffer.from(encodePointer(pointer))], fsync);
    await placeBlob(layout, pointer, working, fsync);
    signal.throwIfAborted();
    await show(context, path, options);
    await rm(working, { force: true }); // still there when the same content was stored already
    return { path, bytes: pointer.bytes, sha256: pointer.sha256, modifiedAt: pointer.modifiedAt };
  } catch (error) {
    await discard(context, path, pointer);
    throw intake.causedBy(error) ? error : fromFileSystem(error, `write '${path}'`);
  }
}

async function show(
  { layout, queue, id, fsync }: WriteContext,
  path: ArtifactPath,
  options: WriteOptions,
): Promise<void> {
  const working = layout.working(id, 'pointer');
  if (options.ifAbsent) await publishIfAbsent(layout, path, working, fsync);
  else await queue.run(path, () => publishReplacing(layout, path, id, working, fsync));
}

/** Removes the pointer in `incoming` last: it is what names the blob should this process die in between. Keeps a blob that has become visible. */
async function discard({ layout, id }: WriteContext, path: ArtifactPath, pointer: Pointer | undefined): Promise<void> {
  try {
    const visible = pointer && (await findPointer(layout, path).catch(() => undefined)); // damaged, or behind a link: not ours
    if (pointer && visible?.blob !== pointer.blob) await removeBlob(layout, pointer);
    for (const kind of ['content', 'displaced', 'pointer'] as const)
      await rm(layout.working(id, kind), { force: true });
    await pruneEmptyParents(layout.parent(path), layout.paths);
  } catch {
    // The write fails with its own error; what could not be removed now is removed by the next open.
  }
}
