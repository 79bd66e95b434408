import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createScoringWorker, type ScoringTask } from '@slipway/batch-worker';
import { SAMPLE_FEATURES, sampleGraph, sampleQuery, signPackage, writeRows } from '@slipway/batch-worker/testing';
import { createIdSource, silentLogger, systemClock, systemRandom, type JsonValue } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import type { PartitionWorker } from '@slipway/plugin-kit';
import { answerParent } from '../measure/bench-child.ts';
import { BareRuntime, scanColumns } from './bare-sides.ts';
import { BATCH_ROWS, PARTITION_ROWS, type ScorePlan, type ScoreSide } from './score-plan.ts';

const OUTPUT = 'probability';
const { signal } = new AbortController();

interface Prepared {
  readonly rows: number;
  readonly input: string;
  readonly worker: PartitionWorker;
  readonly tasks: readonly ScoringTask[];
  readonly runtime: BareRuntime;
}

let prepared: Prepared | undefined;

async function prepare({ directory, rows, seed }: Extract<ScorePlan, { rows: number }>): Promise<number> {
  const input = join(directory, 'rows.parquet');
  await writeRows(sampleQuery(rows, seed), input);
  const graph = await sampleGraph();
  const tasks = tasksOf(directory, input, rows, graph);
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({ trial: 'false' }), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: directory,
  });
  const bare = await BareRuntime.load(graph, await scanColumns(input, SAMPLE_FEATURES, rows), OUTPUT);
  prepared = { rows, input, worker: createScoringWorker({ runtime }), tasks, runtime: bare };
  return compare(prepared);
}

/** Partitions as a job has them: a signed package, and beside the score what a table of predictions needs. */
function tasksOf(directory: string, input: string, rows: number, graph: Uint8Array): readonly ScoringTask[] {
  const pack = signPackage(
    graph,
    SAMPLE_FEATURES.map((name) => `request:${name}`),
  );
  const { workspace, name, version, digest, trustedKeys } = pack;
  const model = { folder: pack.unpack(join(directory, 'package')), workspace, name, version, digest, trustedKeys };
  return Array.from({ length: Math.ceil(rows / PARTITION_ROWS) }, (_, number) => {
    const firstRow = number * PARTITION_ROWS;
    return {
      input,
      firstRow,
      rows: Math.min(PARTITION_ROWS, rows - firstRow),
      model,
      features: SAMPLE_FEATURES.map((feature) => ({ name: feature, type: 'number' as const })),
      passthrough: [
        { name: 'id', type: 'integer' },
        { name: 'scheduled_at', type: 'timestamp' },
      ],
      required: ['id'],
      outputs: [OUTPUT],
      batchRows: BATCH_ROWS,
      failedRowsMax: 0,
      folder: join(directory, `part-${number}`),
    };
  });
}

/** @returns rows for which the worker has written what the bare runtime answers. @throws {Error} when one differs. */
async function compare({ rows, tasks, worker, runtime }: Prepared): Promise<number> {
  await scoreAll(worker, tasks);
  const expected = await runtime.run(BATCH_ROWS);
  for (const { folder, firstRow } of tasks) {
    const bytes = readFileSync(join(folder, 'values.float64'));
    const values = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const at = values.findIndex((value, row) => value !== expected[firstRow + row]);
    if (at >= 0) throw new Error(`row ${firstRow + at} is ${values[at]} and not ${expected[firstRow + at]}`);
  }
  return rows;
}

/** One after the other, as one worker process does. */
async function scoreAll(worker: PartitionWorker, tasks: readonly ScoringTask[]): Promise<void> {
  for (const task of tasks) {
    rmSync(task.folder, { recursive: true, force: true });
    mkdirSync(task.folder);
    await worker.run(task as unknown as JsonValue, signal);
  }
}

async function passOf(side: ScoreSide, { rows, input, worker, tasks, runtime }: Prepared): Promise<number> {
  const began = performance.now();
  if (side === 'worker') await scoreAll(worker, tasks);
  else if (side === 'scan') await scanColumns(input, SAMPLE_FEATURES, rows);
  else await runtime.run(BATCH_ROWS);
  return rows / ((performance.now() - began) / 1000);
}

answerParent(async (plan: ScorePlan) => {
  if ('rows' in plan) return prepare(plan);
  if (!prepared) throw new Error('nothing is prepared');
  return passOf(plan.side, prepared);
});
