import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';

const PACKAGES = [
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'onnxruntime-node',
  'better-sqlite3',
  '@nats-io/jetstream',
  'pg',
];

/** What the numbers depend on: hardware, versions, what else ran. */
export function describeMachine(): string {
  const processors = cpus();
  const [lastMinute = 0] = loadavg();
  return [
    `machine   ${processors.length} x ${processors[0]?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform} ${release()}`,
    `versions  node ${process.versions.node}, ${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
    `load      ${lastMinute.toFixed(2)} in the minute before`,
  ].join('\n');
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string }).version;
    } catch {
      continue; // installed in a folder further up
    }
  }
  return 'unknown';
}
