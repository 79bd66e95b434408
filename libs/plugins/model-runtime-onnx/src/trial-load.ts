import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { FailedPreconditionError, UnavailableError, type DomainError } from '@slipway/kernel';
import { residentBytes } from './resident-bytes.ts';
import { trialEntry, type TrialAnswer } from './trial-protocol.ts';

export interface TrialOptions {
  /** From the start of the process to its answer. */
  readonly timeoutMs: number;
  /** Memory of the process beyond twice the model's own bytes. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** The child's program; by default the one beside this file. */
  readonly entry?: URL;
}

export type TrialReport = Omit<Extract<TrialAnswer, { kind: 'loaded' }>, 'kind'>;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
type Verdict = { readonly answer: TrialAnswer } | { readonly failure: DomainError };

/** A signature of thousands of tensors fits; a child that prints more is not ours any more. */
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
/** Between two looks at the child's memory a fast allocator fills some hundred megabytes; the limit on private memory is the hard stop. */
const MEMORY_POLL_MS = 20;

/**
 * Loads a graph in a process of its own and runs it once on small made-up inputs, so that one that crashes, hangs or takes all memory ends
 * that process and not this one. The child gets no environment, no arguments of the caller's and no files; it is killed with SIGKILL.
 * A graph that merely refuses the made-up inputs passes: the report says so.
 * @throws {FailedPreconditionError} MODEL_LOAD_FAILED, MODEL_TRIAL_CRASHED, MODEL_TRIAL_TIMEOUT, MODEL_TRIAL_MEMORY.
 * @throws {UnavailableError} MODEL_TRIAL_NOT_STARTED when no process can be started.
 */
export async function trialLoad(model: Uint8Array, options: TrialOptions): Promise<TrialReport> {
  options.signal.throwIfAborted();
  const memoryMax = options.memoryBytes + 2 * model.length;
  const child = startChild(options.entry ?? trialEntry(import.meta.url), memoryMax);
  const verdict = await superviseChild(child, model, memoryMax, options);
  if ('failure' in verdict) throw verdict.failure;
  const { answer } = verdict;
  if (answer.kind === 'loaded') {
    const { kind: _, ...report } = answer;
    return report;
  }
  throw new FailedPreconditionError(`the runtime cannot load the graph: ${answer.cause}`, {
    reason: 'MODEL_LOAD_FAILED',
    facts: { cause: answer.cause },
  });
}

/** Private memory that Node reserves and hardly touches: it does not start with less than 650 MB of it. */
const RESERVED_BYTES = 1024 * 1024 * 1024;

/** On Linux a shell sets the limit on private memory (RLIMIT_DATA) that the child then cannot raise. */
function startChild(entry: URL, memoryMax: number): Child {
  const program = [process.execPath, '--max-old-space-size=256', fileURLToPath(entry)];
  const dataKilobytes = Math.ceil((memoryMax + RESERVED_BYTES) / 1024);
  const limited = ['/bin/sh', '-c', `ulimit -c 0; ulimit -d ${dataKilobytes}; exec "$@"`, 'sh', ...program];
  const [command = '', ...rest] = process.platform === 'linux' ? limited : program;
  return spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
}

function superviseChild(child: Child, model: Uint8Array, memoryMax: number, options: TrialOptions): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    let failure: DomainError | undefined;
    let aborted = false;
    const kill = (error?: DomainError): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const onAbort = (): void => {
      aborted = true;
      kill();
    };
    const timer = setTimeout(
      () => kill(trialError('TIMEOUT', `gave no answer in ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
    const poll = setInterval(() => {
      if (residentBytes(child.pid) > memoryMax) kill(memoryError(memoryMax));
    }, MEMORY_POLL_MS);
    options.signal.addEventListener('abort', onAbort, { once: true });
    const output = collect(child.stdout, () => kill(trialError('CRASHED', 'printed what is not an answer')));
    const errors = collect(child.stderr, () => undefined);
    child.stdin.on('error', () => undefined); // a child that died before it read everything; its exit says why
    child.stdin.end(model);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      clearInterval(poll);
      options.signal.removeEventListener('abort', onAbort);
      act();
    };
    child.once('error', (cause) => {
      const unavailable = new UnavailableError('cannot start the process that tries a graph', {
        reason: 'MODEL_TRIAL_NOT_STARTED',
        cause,
      });
      settle(() => resolve({ failure: unavailable }));
    });
    child.once('close', (code, killedBy) => {
      settle(() => {
        if (aborted) reject(options.signal.reason as Error);
        else if (failure) resolve({ failure });
        else resolve(readVerdict(output(), errors(), code, killedBy, memoryMax));
      });
    });
  });
}

function collect(stream: Readable, onTooMuch: () => void): () => string {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) onTooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function readVerdict(
  output: string,
  errors: string,
  code: number | null,
  killedBy: string | null,
  memoryMax: number,
): Verdict {
  const answer = code === 0 ? readAnswer(output) : undefined;
  if (answer?.kind === 'refused' && isMemory(answer.cause)) return { failure: memoryError(memoryMax) };
  if (answer?.kind === 'loaded' && isMemory(answer.runCause)) return { failure: memoryError(memoryMax) };
  if (answer) return { answer };
  if (isMemory(errors)) return { failure: memoryError(memoryMax) };
  return { failure: trialError('CRASHED', `ended the process that tried it with ${killedBy ?? `exit code ${code}`}`) };
}

const isMemory = (text: string): boolean =>
  /bad_alloc|failed to allocate memory|out of memory|allocation failed/i.test(text);

function readAnswer(output: string): TrialAnswer | undefined {
  try {
    const parsed = JSON.parse(output) as TrialAnswer;
    return parsed.kind === 'loaded' || parsed.kind === 'refused' ? parsed : undefined;
  } catch {
    return undefined; // no answer: the exit code says what happened
  }
}

const memoryError = (memoryMax: number): DomainError =>
  trialError('MEMORY', `needs more than ${Math.floor(memoryMax / 1024 / 1024)} MB to load or to run once`);

const trialError = (word: 'CRASHED' | 'TIMEOUT' | 'MEMORY', text: string): DomainError =>
  new FailedPreconditionError(`the graph ${text}`, { reason: `MODEL_TRIAL_${word}`, facts: { cause: text } });
