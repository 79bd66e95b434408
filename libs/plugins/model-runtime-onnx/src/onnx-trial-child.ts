/**
 * Program of the child process that `trialLoad` starts: reads a model from standard input, loads it, runs it once on small made-up inputs and
 * prints a `TrialAnswer`. It may crash, hang or be killed at any point; that is what it is for. A bundle keeps it as an entry of its own,
 * named `onnx-trial-child.js`.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type ort from 'onnxruntime-node';
import { readableCause } from './errors.ts';
import { createSession, signatureOf } from './session.ts';
import { smallInput } from './small-input.ts';
import { toOrt } from './tensors.ts';
import type { TrialAnswer } from './trial-protocol.ts';

const STDOUT = 1;

async function readModel(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Asks the kernel to end this process first when memory is short. */
function volunteerForTheOomKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // not Linux, or not allowed: the parent's limits still hold
  }
}

async function tryModel(): Promise<TrialAnswer> {
  const started = performance.now();
  let session: ort.InferenceSession;
  try {
    session = await createSession(await readModel(), 1);
  } catch (error) {
    return { kind: 'refused', cause: readableCause(error) };
  }
  const loadMs = performance.now() - started;
  const signature = signatureOf(session);
  const inputs = signature.inputs.map(smallInput);
  const loaded = { kind: 'loaded', signature, loadMs, runMs: 0, runCause: '' } as const;
  if (inputs.includes(undefined)) return { ...loaded, firstRun: 'skipped' };
  const runStarted = performance.now();
  try {
    await session.run(Object.fromEntries(inputs.flatMap((input) => (input ? [[input.name, toOrt(input)]] : []))));
    return { ...loaded, firstRun: 'ok', runMs: performance.now() - runStarted };
  } catch (error) {
    return { ...loaded, firstRun: 'refused', runMs: performance.now() - runStarted, runCause: readableCause(error) };
  }
}

volunteerForTheOomKiller();
const answer = await tryModel().catch((error: unknown): TrialAnswer => {
  return { kind: 'refused', cause: readableCause(error) };
});
writeSync(STDOUT, `${JSON.stringify(answer)}\n`);
process.exit(0); // nothing of the model is worth an orderly release
