import {
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnavailableError,
  type FieldViolation,
} from '@slipway/kernel';

/**
 * Every refusal of pipelines that has a word of its own (`ErrorInfo.reason`), with the status it travels as. The second part is of steps: it is
 * in the message of a step, and whoever calls sees it there.
 *
 * | reason | status | when |
 * |---|---|---|
 * | PIPELINE_INVALID | INVALID_ARGUMENT | a file that cannot be read or does not fit together; every problem with line, column and path |
 * | PIPELINE_NOT_FOUND, PIPELINE_RUN_NOT_FOUND | NOT_FOUND | nothing of that name in the caller's workspace |
 * | PIPELINE_PARAMETERS_INVALID | INVALID_ARGUMENT | parameters that are not declared, missing or of another type |
 * | PIPELINE_RUNNING | RESOURCE_EXHAUSTED | as many runs as allowed go on |
 * | PIPELINE_RUN_NOT_RESUMABLE | FAILED_PRECONDITION | the run did not fail and was not cancelled |
 * | PIPELINE_WATCHES_FULL | RESOURCE_EXHAUSTED | too many watches in this process |
 * | STEP_INPUT_INVALID | INVALID_ARGUMENT | a step's values, filled in, are not what its kind asks for |
 * | STEP_DEADLINE | UNAVAILABLE | the step was not done in time |
 * | STEP_INTERRUPTED | UNAVAILABLE | too many processes ended while they worked on the step |
 * | STEP_UNSUPPORTED | FAILED_PRECONDITION | this installation has no service or program that the step needs |
 * | DATA_INVALID, GATE_REFUSED, APPROVAL_REJECTED | FAILED_PRECONDITION | a check said no |
 * | OPERATION_FAILED, COMMAND_FAILED | UNAVAILABLE | what the step began elsewhere failed; it is begun again |
 */
export type PipelineErrorReason =
  | 'PIPELINE_INVALID'
  | 'PIPELINE_NOT_FOUND'
  | 'PIPELINE_RUN_NOT_FOUND'
  | 'PIPELINE_PARAMETERS_INVALID'
  | 'PIPELINE_RUNNING'
  | 'PIPELINE_RUN_NOT_RESUMABLE'
  | 'PIPELINE_WATCHES_FULL'
  | StepErrorReason;

export type StepErrorReason =
  | 'STEP_INPUT_INVALID'
  | 'STEP_DEADLINE'
  | 'STEP_INTERRUPTED'
  | 'STEP_UNSUPPORTED'
  | 'DATA_INVALID'
  | 'GATE_REFUSED'
  | 'APPROVAL_REJECTED'
  | 'OPERATION_FAILED'
  | 'COMMAND_FAILED';

const details = (reason: PipelineErrorReason, facts: Readonly<Record<string, string>> = {}) => ({ reason, facts });

export const pipelineInvalid = (violations: readonly FieldViolation[]): InvalidArgumentError =>
  new InvalidArgumentError(violations, details('PIPELINE_INVALID'));

/** @param hint e.g. `; did you mean 'retrain'?` */
export const pipelineNotFound = (name: string, hint = ''): NotFoundError =>
  new NotFoundError(`there is no pipeline '${name}'${hint}`, details('PIPELINE_NOT_FOUND', { name }));

export const runNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no pipeline run '${id}'`, details('PIPELINE_RUN_NOT_FOUND', { id }));

export const parametersInvalid = (violations: readonly FieldViolation[]): InvalidArgumentError =>
  new InvalidArgumentError(violations, details('PIPELINE_PARAMETERS_INVALID'));

export const pipelineRunning = (pipeline: string, maxRunning: number): ExhaustedError =>
  new ExhaustedError(
    `pipeline '${pipeline}' has ${maxRunning} run(s) that go on, which is its maxRunning; wait or cancel one`,
    details('PIPELINE_RUNNING', { pipeline, max_running: `${maxRunning}` }),
  );

export const runNotResumable = (id: string, state: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `run '${id}' is ${state}; only one that failed or was cancelled can be resumed`,
    details('PIPELINE_RUN_NOT_RESUMABLE', { id, state }),
  );

export const watchesFull = (max: number): ExhaustedError =>
  new ExhaustedError(`at most ${max} watches of pipeline runs at once`, details('PIPELINE_WATCHES_FULL'));

export const stepInputInvalid = (violations: readonly FieldViolation[]): InvalidArgumentError =>
  new InvalidArgumentError(violations, details('STEP_INPUT_INVALID'));

/** Repeating the step cannot help: somebody has to change something first. */
export const stepRefused = (
  reason: Extract<StepErrorReason, 'DATA_INVALID' | 'GATE_REFUSED' | 'APPROVAL_REJECTED' | 'STEP_UNSUPPORTED'>,
  message: string,
): FailedPreconditionError => new FailedPreconditionError(message, details(reason));

/** Repeating the step may help. */
export const stepBroken = (
  reason: Extract<StepErrorReason, 'OPERATION_FAILED' | 'COMMAND_FAILED' | 'STEP_DEADLINE' | 'STEP_INTERRUPTED'>,
  message: string,
  cause?: unknown,
): UnavailableError => new UnavailableError(message, { ...details(reason), cause });
