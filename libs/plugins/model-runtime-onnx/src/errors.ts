import { ExhaustedError, FailedPreconditionError, InvalidArgumentError, type DomainError } from '@slipway/kernel';

const TEXT_MAX = 300;
/** Native messages carry source paths and C++ signatures of the build machine: nothing a caller may see. */
const SOURCE_LOCATION = /\/\S*\.(?:cc|h|cpp)(?::\d+)?\s*/g;
const SIGNATURE = /(?:[\w:<>&*,~ ]+\s)?onnxruntime::[^()]*\([^)]*\)(?:\s*const)?\s*/g;
const OUT_OF_MEMORY = /bad_alloc|failed to allocate memory|bad array new length/i;

/** The runtime's message without the places in its source, one line, at most 300 characters. */
export function readableCause(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = message
    .replaceAll(SOURCE_LOCATION, '')
    .replaceAll(SIGNATURE, '')
    .replaceAll(/[^ -~]+/g, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  return text.slice(0, TEXT_MAX) || 'no reason given';
}

/** Why `load` failed. */
export function loadError(error: unknown): DomainError {
  const cause = readableCause(error);
  return new FailedPreconditionError(`the runtime cannot load the graph: ${cause}`, {
    reason: 'MODEL_LOAD_FAILED',
    facts: { cause },
    cause: error,
  });
}

/** Why `run` failed: the graph is fixed and loaded, so it is the values, or the memory they ask for. */
export function runError(error: unknown): DomainError {
  const cause = readableCause(error);
  if (OUT_OF_MEMORY.test(cause)) {
    return new ExhaustedError('the run needs more memory than there is; send fewer rows', {
      reason: 'MODEL_RUN_MEMORY',
      cause: error,
    });
  }
  return InvalidArgumentError.of('inputs', `the graph refuses these values: ${cause}`, {
    reason: 'MODEL_RUN_REFUSED',
    facts: { cause },
    cause: error,
  });
}
