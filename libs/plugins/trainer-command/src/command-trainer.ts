import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  UnavailableError,
  UnsupportedError,
} from '@slipway/kernel';
import type { DriverDependencies, TrainedModel, Trainer, TrainingJob } from '@slipway/plugin-kit';
import { checkJobSteps, runSteps } from '@slipway/training';
import { jobVariables, passedOn } from './child-environment.ts';
import type { CommandHost, CommandTrainerConfig } from './config.ts';
import { writeJobFiles } from './job-files.ts';
import { hasProcessTable } from './process-table.ts';
import { programFailure } from './program-failure.ts';
import { ProgramLog } from './program-log.ts';
import { ProgressReporter } from './progress.ts';
import { readResult } from './read-result.ts';
import { runProgram } from './run-program.ts';
import { clearScratch, makeScratch, type Scratch } from './scratch.ts';
import { readEnvironment } from './training-environment.ts';

const SECOND_MS = 1000;
const MEBIBYTE = 1024 * 1024;

/**
 * Trains by a program of the configuration. Whether equal jobs give equal models is up to the program, which gets the seed.
 *
 * Enforced on the program and everything it starts: the time, and on Linux the resident memory, looked at ten times a second (shared pages
 * count once), so a burst within a tenth of a second can pass it. Not enforced: disk, network, CPU; the program runs as our user and may
 * write where we may. Its variables are those the settings name and those of its job, nothing else of ours.
 */
export class CommandTrainer implements Trainer {
  readonly #config: CommandTrainerConfig;
  readonly #host: CommandHost;
  readonly #dependencies: DriverDependencies;
  readonly #running = new Set<Promise<unknown>>();
  #state: 'created' | 'open' | 'closed' = 'created';

  constructor(config: CommandTrainerConfig, host: CommandHost, dependencies: DriverDependencies) {
    this.#config = config;
    this.#host = host;
    this.#dependencies = dependencies;
  }

  /** @throws {FailedPreconditionError} TRAINING_PROGRAM_MISSING. @throws {UnsupportedError} when the memory cannot be watched. */
  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'created') throw new FailedPreconditionError('the trainer was opened before');
    const { command, memoryMebibytes, workingDirectory } = this.#config;
    if (memoryMebibytes > 0 && !(await hasProcessTable())) {
      throw new UnsupportedError('trainer.command.memoryMebibytes needs /proc, which this platform lacks; set it to 0');
    }
    const folder = await stat(workingDirectory).catch(() => undefined);
    if (!folder?.isDirectory())
      throw missing(`trainer.command.workingDirectory: there is no folder '${workingDirectory}'`);
    if (command.includes('/')) {
      await access(command, constants.X_OK).catch((cause: unknown) => {
        throw missing(`trainer.command.command: '${command}' is no program that can be run`, cause);
      });
    }
    await clearScratch(resolve(this.#dependencies.dataDirectory));
    this.#state = 'open';
  }

  async train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
    if (this.#state !== 'open') throw new UnavailableError('the trainer is not open', { reason: 'TRAINER_CLOSED' });
    if (this.#running.size >= this.#config.runsMax) {
      throw new ExhaustedError(`${this.#config.runsMax} trainings are running, which is the most; try again later`, {
        reason: 'TRAINER_BUSY',
      });
    }
    const training = this.#train(job, signal);
    this.#running.add(training);
    try {
      return await training;
    } finally {
      this.#running.delete(training);
    }
  }

  /** Ends what is running only when its caller aborts: a training that was let in is finished. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.allSettled(this.#running);
  }

  async #train(job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
    signal.throwIfAborted();
    assertOptions(job, this.#config.options);
    await runSteps(checkJobSteps(job, { missingAllowed: true }), { clock: this.#dependencies.clock, signal });
    const { dataDirectory, ids } = this.#dependencies;
    const scratch = await makeScratch(resolve(dataDirectory), ids.next());
    try {
      return await this.#trainIn(scratch, job, signal);
    } finally {
      await scratch.remove();
    }
  }

  async #trainIn(scratch: Scratch, job: TrainingJob, signal: AbortSignal): Promise<TrainedModel> {
    const { clock } = this.#dependencies;
    const inherited = passedOn(this.#config.environment, this.#host.environment);
    await writeJobFiles(job, scratch, signal);
    const surroundings = {
      config: this.#config,
      environment: { ...inherited, SLIPWAY_MODEL_DIRECTORY: scratch.modelDirectory },
      mark: scratch.mark,
      clock,
      signal,
    };
    const environment = await readEnvironment(surroundings);
    const startedAt = clock.monotonicMs();
    const progress = new ProgressReporter(job.onProgress, this.#config.timeoutSeconds);
    await this.#run(scratch, job, { ...inherited, ...jobVariables(scratch, job.run) }, progress, signal);
    const result = await readResult(scratch.modelDirectory);
    signal.throwIfAborted();
    progress.finish((clock.monotonicMs() - startedAt) / SECOND_MS);
    return {
      format: 'onnx',
      ...result,
      parameters: { ...result.parameters, trainer: 'command', task: job.task, rows: `${job.table.rows}` },
      environment,
    };
  }

  async #run(
    scratch: Scratch,
    job: TrainingJob,
    environment: Readonly<Record<string, string>>,
    progress: ProgressReporter,
    signal: AbortSignal,
  ): Promise<void> {
    const { command, graceSeconds, logBytesMax, memoryMebibytes, timeoutSeconds, workingDirectory } = this.#config;
    const log = new ProgramLog({
      secret: job.run?.token?.reveal(),
      bytesMax: logBytesMax,
      onLine: (line, stream) => job.onLog?.(line, stream),
      onProgress: (report) => progress.take(report),
    });
    const end = await runProgram(
      {
        command,
        arguments: this.#config.arguments,
        workingDirectory,
        environment,
        mark: scratch.mark,
        timeoutMs: timeoutSeconds * SECOND_MS,
        memoryBytesMax: memoryMebibytes === 0 ? Infinity : memoryMebibytes * MEBIBYTE,
        graceMs: graceSeconds * SECOND_MS,
        onOutput: (bytes, stream) => log[stream].add(bytes),
        onSecond: (seconds) => progress.tick(seconds),
      },
      this.#dependencies.clock,
      signal,
    );
    log.end();
    if (end.kind !== 'exit' || end.code !== 0) throw programFailure(end, this.#config, log.tail);
  }
}

const missing = (text: string, cause?: unknown): FailedPreconditionError =>
  new FailedPreconditionError(text, { reason: 'TRAINING_PROGRAM_MISSING', cause });

function assertOptions({ options }: TrainingJob, allowed: readonly string[]): void {
  const violations = Object.keys(options)
    .filter((name) => !allowed.includes(name))
    .map((name) => ({ field: `options.${name}`, description: `is none of the setting trainer.command.options (${allowed.join(', ') || 'none'})` })); // prettier-ignore
  if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'TRAINING_OPTIONS_INVALID' });
}
