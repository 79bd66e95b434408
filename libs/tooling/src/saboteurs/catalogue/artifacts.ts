import type { Saboteur } from '../saboteur.ts';

const KIT = 'libs/plugin-kit/src';
const LOCAL = 'libs/plugins/artifacts-local/src';
const CONTRACT = [`${LOCAL}/local-artifact-store.spec.ts`];

/** Files by path: seen whole or not at all. */
export const ARTIFACT_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a path may lead out of its root',
    file: `${KIT}/artifact-store.ts`,
    find: 'const SEGMENT = /^[A-Za-z0-9_=@+,~-]',
    replace: 'const SEGMENT = /^[A-Za-z0-9._=@+,~-]',
    suites: CONTRACT,
  },
  {
    name: 'the promised digest of a content is not compared',
    file: `${KIT}/artifact-intake.ts`,
    find: 'if (expected !== undefined && expected !== sha256) {',
    replace: 'if (expected !== undefined && expected.length !== sha256.length) {',
    suites: CONTRACT,
  },
  {
    name: 'a content may be longer than allowed',
    file: `${KIT}/artifact-intake.ts`,
    find: 'if (bytesMax !== undefined && this.#bytes > BigInt(bytesMax)) {',
    replace: 'if (bytesMax !== undefined && chunk.byteLength > bytesMax) {',
    suites: CONTRACT,
  },
  {
    name: 'create-if-absent by rename, so that the last writer wins',
    file: `${LOCAL}/publish.ts`,
    find: `  await publish(layout, path, fsync, async (target) => {
    try {
      await link(working, target);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || (await lstat(target)).isDirectory()) throw error;
      throw alreadyExists(path, error);
    }
  });
  await unlink(working);
`,
    replace: `  await publish(layout, path, fsync, (target) => rename(working, target));
`,
    suites: CONTRACT,
  },
  {
    name: 'a content that breaks off becomes visible',
    file: `${LOCAL}/write-artifact.ts`,
    find: '    await writeNewFile(working, intake.chunks(), fsync);\n',
    replace: `    await writeNewFile(working, intake.chunks(), fsync).catch((error: unknown) => {
      if (!intake.causedBy(error)) throw error;
    });
`,
    suites: CONTRACT,
  },
  {
    name: 'a failed write leaves its files behind',
    file: `${LOCAL}/write-artifact.ts`,
    find: '    await discard(context, path, pointer);\n',
    replace: '',
    suites: CONTRACT,
  },
  {
    name: 'a content that lost bytes is handed out',
    file: `${LOCAL}/blob.ts`,
    find: 'if (status.isFile() && status.size === pointer.bytes) return handle;',
    replace: 'if (status.isFile()) return handle;',
    suites: CONTRACT,
  },
  {
    name: 'replacements of one path run at once',
    file: `${LOCAL}/path-queue.ts`,
    find: 'const mine = before.then(step, step);',
    replace: 'const mine = step();',
    suites: CONTRACT,
  },
  {
    name: 'a page begins with the last path of the page before',
    file: `${LOCAL}/list-paths.ts`,
    find: 'full <= after && !(isDirectory',
    replace: 'full < after && !(isDirectory',
    suites: CONTRACT,
  },
];
