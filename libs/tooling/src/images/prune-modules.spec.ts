import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytesBelow, pruneModules } from './prune-modules.ts';

let modules: string;
beforeEach(() => {
  modules = mkdtempSync(join(tmpdir(), 'slipway-prune-'));
});
afterEach(() => rmSync(modules, { recursive: true, force: true }));

function plant(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(modules, path)), { recursive: true });
    writeFileSync(join(modules, path), 'twelve bytes');
  }
}

const files = (): string[] =>
  readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(modules.length + 1))
    .toSorted();

const ONNX = 'onnxruntime-node/bin/napi-v6';

it('keeps the binaries of one machine and drops sources, other platforms and providers for graphics cards', () => {
  plant(`${ONNX}/linux/x64/onnxruntime_binding.node`, `${ONNX}/linux/x64/libonnxruntime.so.1`);
  plant(`${ONNX}/linux/x64/libonnxruntime_providers_cuda.so`, `${ONNX}/linux/arm64/libonnxruntime.so.1`);
  plant(`${ONNX}/win32/x64/onnxruntime.dll`, 'onnxruntime-node/dist/index.js', 'onnxruntime-node/script/install.js');
  plant('better-sqlite3/lib/index.js', 'better-sqlite3/deps/sqlite3/sqlite3.c');
  plant('better-sqlite3/prebuilds/linux-x64.node', 'better-sqlite3/prebuilds/linuxmusl-x64.node');
  plant('pino/deps/kept.js');
  pruneModules(modules, { platform: 'linux', arch: 'x64' });
  expect(files()).toEqual([
    'better-sqlite3/lib/index.js',
    'better-sqlite3/prebuilds/linux-x64.node',
    `${ONNX}/linux/x64/libonnxruntime.so.1`,
    `${ONNX}/linux/x64/onnxruntime_binding.node`,
    'onnxruntime-node/dist/index.js',
    'pino/deps/kept.js',
  ]);
  expect(bytesBelow(modules)).toBe(6 * 'twelve bytes'.length);
});

it('stops when a package holds nothing for the machine', () => {
  plant('better-sqlite3/prebuilds/linux-x64.node');
  expect(() => pruneModules(modules, { platform: 'linux', arch: 'arm64' })).toThrow('linux-arm64.node');
});
