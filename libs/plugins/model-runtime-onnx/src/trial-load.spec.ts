import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createIdSource, DomainError, seededRandom, silentLogger, systemClock } from '@slipway/kernel';
import { buildModel, type GraphDescription, type NodeDescription } from '@slipway/model-package';
import { modelRuntimeOnnxPlugin } from './plugin.ts';
import { trialLoad } from './trial-load.ts';

const never = new AbortController().signal;
const MEGABYTE = 1024 * 1024;
const limits = { timeoutMs: 20_000, memoryBytes: 512 * MEGABYTE, signal: never };

const model = (graph: Omit<GraphDescription, 'name'>): Uint8Array =>
  buildModel({ producer: 'test', opsets: [{ domain: '', version: 17 }], graph: { name: 'g', ...graph } });

const constant = (name: string, values: readonly bigint[]) =>
  ({ name, datatype: 'INT64', shape: [values.length], data: BigInt64Array.from(values) }) as const;

/** Fills `[elements]` floats out of an input of one. */
const inflating = (elements: bigint): Uint8Array =>
  model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    initializers: [constant('size', [elements])],
    nodes: [
      { op: 'Expand', inputs: ['x', 'size'], outputs: ['big'] },
      { op: 'Exp', inputs: ['big'], outputs: ['y'] },
    ],
  });

/** A Loop that never ends; `folded` makes it run while the graph is optimised, that is at load. */
function endless(): Uint8Array {
  const loopBody: GraphDescription = {
    name: 'body',
    inputs: [
      { name: 'i', datatype: 'INT64', shape: [] },
      { name: 'go', datatype: 'BOOL', shape: [] },
      { name: 'v', datatype: 'FP32', shape: [1] },
    ],
    outputs: [
      { name: 'still', datatype: 'BOOL', shape: [] },
      { name: 'w', datatype: 'FP32', shape: [1] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['go'], outputs: ['still'] },
      { op: 'Neg', inputs: ['v'], outputs: ['w'] },
    ],
  };
  const nodes: NodeDescription[] = [
    { op: 'Loop', inputs: ['', 'yes', 'x'], outputs: ['y'], attributes: { body: { graph: loopBody } } },
  ];
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }],
    initializers: [{ name: 'yes', datatype: 'BOOL', shape: [], data: Uint8Array.of(1) }],
    nodes,
  });
}

async function failureOf(action: Promise<unknown>): Promise<DomainError> {
  const error: unknown = await action.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DomainError);
  return error as DomainError;
}

describe('trialLoad', () => {
  it('reports the signature and the first run of a graph in order', async () => {
    const report = await trialLoad(inflating(8n), limits);
    expect(report).toMatchObject({ firstRun: 'ok', runCause: '' });
    expect(report.signature).toEqual({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [8] }], // the runtime infers what the graph leaves open
    });
    expect(report.loadMs).toBeGreaterThan(0);
  });

  it('lets a graph pass that refuses made-up inputs, and says so', async () => {
    const report = await trialLoad(
      model({
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [2] }],
        initializers: [constant('shape', [2n])],
        nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      }),
      limits,
    );
    expect(report.firstRun).toBe('refused');
    expect(report.runCause).toMatch(/reshape/i);
  });

  it('does not make up inputs whose fixed sizes are huge', async () => {
    const huge = { datatype: 'FP32', shape: [100_000, 100_000] } as const;
    const report = await trialLoad(
      model({
        inputs: [{ name: 'x', ...huge }],
        outputs: [{ name: 'y', ...huge }],
        nodes: [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }],
      }),
      limits,
    );
    expect(report.firstRun).toBe('skipped');
  });

  it('refuses what the runtime cannot load', async () => {
    const failure = await failureOf(trialLoad(Buffer.from('not a model'), limits));
    expect(failure).toMatchObject({ kind: 'failed-precondition', reason: 'MODEL_LOAD_FAILED' });
  });

  it.each([
    ['8 GB', 2n ** 31n],
    ['1 GB, twice', 2n ** 28n],
  ])('ends a graph that allocates %s', async (_, elements) => {
    const failure = await failureOf(trialLoad(inflating(elements), limits));
    expect(failure).toMatchObject({ kind: 'failed-precondition', reason: 'MODEL_TRIAL_MEMORY' });
  });

  it('ends a graph that never returns', async () => {
    const failure = await failureOf(trialLoad(endless(), { ...limits, timeoutMs: 1_500 }));
    expect(failure).toMatchObject({ kind: 'failed-precondition', reason: 'MODEL_TRIAL_TIMEOUT' });
  });

  it('is what the runtime asks before it loads a graph', async () => {
    const ids = createIdSource(systemClock, seededRandom(1));
    const config = modelRuntimeOnnxPlugin.parseConfig({ trialTimeoutMs: 1_500 });
    const dependencies = { clock: systemClock, ids, log: silentLogger, dataDirectory: '.' };
    const runtime = modelRuntimeOnnxPlugin.create(config, dependencies);
    await runtime.open(never);
    const failure = await failureOf(runtime.load(endless(), 'onnx', never));
    expect(failure).toMatchObject({ reason: 'MODEL_TRIAL_TIMEOUT' });
    await runtime.close();
  });

  it('ends the process when the caller leaves', async () => {
    const leaving = new AbortController();
    const trial = trialLoad(endless(), { ...limits, signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('the caller left')), 300);
    await expect(trial).rejects.toThrow('the caller left');
  });

  it('survives a child that crashes', async () => {
    const entry = new URL('./testing/crashing-trial.ts', import.meta.url);
    const failure = await failureOf(trialLoad(inflating(8n), { ...limits, entry }));
    expect(failure).toMatchObject({ reason: 'MODEL_TRIAL_CRASHED' });
    expect(failure.message).toContain('SIGSEGV');
  });

  it('gives the child neither environment nor arguments', async () => {
    const entry = new URL('./testing/curious-trial.ts', import.meta.url);
    const report = await trialLoad(inflating(8n), { ...limits, entry });
    expect(JSON.parse(report.runCause)).toEqual({
      variables: expect.not.arrayContaining(['PATH_TO_SECRETS', 'HOME', 'USER']) as string[],
      arguments: [fileURLToPath(entry)],
    });
  });
});
