import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Target {
  readonly platform: 'linux';
  readonly arch: 'x64' | 'arm64';
}

/** What a package brings for other machines and for building; paths are relative to the package. */
interface Pruning {
  readonly remove: readonly string[];
  /** Folders of which one entry per machine is kept, given how it is called. */
  readonly keepOne: Readonly<Record<string, (target: Target) => string>>;
}

/** The CUDA and TensorRT providers need drivers and libraries that the image does not have. */
const ONNX_PROVIDERS = /^libonnxruntime_providers_(?:cuda|tensorrt|shared)/;

const PRUNINGS: Readonly<Record<string, Pruning>> = {
  'onnxruntime-node': {
    remove: ['script', 'lib'],
    keepOne: { 'bin/napi-v6': ({ platform }) => platform, 'bin/napi-v6/linux': ({ arch }) => arch },
  },
  'better-sqlite3': {
    remove: ['deps', 'src', 'binding.gyp'],
    keepOne: { prebuilds: ({ platform, arch }) => `${platform}-${arch}.node` },
  },
};

/**
 * Removes from an installed `node_modules` what the target cannot run.
 * @throws {Error} when a package does not hold what the target needs: then its layout has changed and this list has to follow.
 */
export function pruneModules(modules: string, target: Target): void {
  for (const [name, { remove, keepOne }] of Object.entries(PRUNINGS)) {
    const folder = join(modules, name);
    if (!existsSync(folder)) continue;
    for (const path of remove) rmSync(join(folder, path), { recursive: true, force: true });
    for (const [path, nameOf] of Object.entries(keepOne)) keepOnly(join(folder, path), nameOf(target));
  }
  const providers = join(modules, 'onnxruntime-node/bin/napi-v6', target.platform, target.arch);
  if (!existsSync(providers)) return;
  for (const file of readdirSync(providers).filter((each) => ONNX_PROVIDERS.test(each))) rmSync(join(providers, file));
}

function keepOnly(folder: string, kept: string): void {
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  if (!entries.includes(kept))
    throw new Error(`${folder} does not hold ${kept}: the layout of the package has changed`);
  for (const entry of entries) if (entry !== kept) rmSync(join(folder, entry), { recursive: true, force: true });
}

/** Bytes of all files below a folder. */
export function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
