import type { AssignedDeployment, AssignmentClaims, AssignmentVerifier } from '@slipway/assignments';
import { DeniedError, DomainError, FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { LoggedUnit } from './logged-call.ts';

/** What the router says about the rows of a call. */
export interface CallAssignments {
  readonly objective: string;
  readonly deployment: AssignedDeployment;
  /** They score the same rows and answer nobody. */
  readonly shadows: readonly AssignedDeployment[];
  readonly units: readonly LoggedUnit[];
  readonly unitOfRow: readonly number[];
}

/** Tokens as a call brings them. */
export interface SentAssignments {
  /** One or more. */
  readonly tokens: readonly string[];
  /** Names a token in errors. */
  readonly field: (index: number) => string;
  /** Which token each row has; may be empty when there is one. */
  readonly ofRow: readonly number[];
  readonly rows: number;
}

export type AssignmentCheck = Pick<AssignmentVerifier, 'verify'>;

/**
 * Verifies the tokens of a call, which all lead to the same place.
 * @throws {InvalidArgumentError} on a token of another workspace, on tokens that disagree, and on rows that do not fit them, naming the field.
 * @throws {DeniedError} on one that the router did not sign. @throws {FailedPreconditionError} on one that is too old.
 */
export async function readAssignments(
  verifier: AssignmentCheck,
  sent: SentAssignments,
  workspace: string,
  signal: AbortSignal,
): Promise<CallAssignments> {
  const unitOfRow = readUnitOfRow(sent);
  const claims = await verifyAll(verifier, sent, signal);
  const [first] = claims;
  if (!first) throw new Error('a call without tokens has no assignments');
  for (const [index, each] of claims.entries()) assertAgrees(first, each, sent.field(index), workspace);
  const { objective, deployment, shadows } = first;
  return { objective, deployment, shadows, units: claims.map(toUnit), unitOfRow };
}

const refuse = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'ASSIGNMENTS_INVALID' });

function readUnitOfRow({ tokens, ofRow, rows }: SentAssignments): readonly number[] {
  const field = 'assignment_of_row';
  if (ofRow.length === 0) {
    if (tokens.length === 1) return Array.from({ length: rows }, () => 0);
    throw refuse(field, `is missing; say which of the ${tokens.length} assignments each row has`);
  }
  if (ofRow.length !== rows) throw refuse(field, `has ${ofRow.length} entries for ${rows} rows; send one for each row`);
  const row = ofRow.findIndex((index) => index < 0 || index >= tokens.length);
  if (row >= 0) {
    throw refuse(`${field}[${row}]`, `is ${ofRow[row]}, and there are ${tokens.length} assignments, counted from 0`);
  }
  return ofRow;
}

async function verifyAll(
  verifier: AssignmentCheck,
  { tokens, field }: SentAssignments,
  signal: AbortSignal,
): Promise<AssignmentClaims[]> {
  const settled = await Promise.allSettled(tokens.map((token) => verifier.verify(token, signal)));
  return settled.map((result, index) => {
    if (result.status === 'rejected') throw blame(result.reason, field(index));
    return result.value;
  });
}

/** The same error with the field in front. */
function blame(error: unknown, field: string): unknown {
  if (!(error instanceof DomainError)) return error;
  const details = { reason: error.reason, facts: error.facts, cause: error };
  if (error instanceof InvalidArgumentError) {
    return InvalidArgumentError.of(field, error.violations[0]?.description ?? error.message, details);
  }
  if (error instanceof DeniedError) return new DeniedError(`${field}: ${error.message}`, details);
  if (error instanceof FailedPreconditionError)
    return new FailedPreconditionError(`${field}: ${error.message}`, details);
  return error;
}

const nameOf = ({ model, alias }: AssignedDeployment): string => `${model}@${alias}`;
const namesOf = (shadows: readonly AssignedDeployment[]): string => shadows.map(nameOf).sort().join(', ') || 'none';

function assertAgrees(first: AssignmentClaims, each: AssignmentClaims, field: string, workspace: string): void {
  if (each.workspace !== workspace) {
    throw refuse(field, `is of workspace '${each.workspace}', and the call is made in '${workspace}'`);
  }
  const facts = [
    ['objective', each.objective, first.objective],
    ['deployment', nameOf(each.deployment), nameOf(first.deployment)],
    ['shadows', namesOf(each.shadows), namesOf(first.shadows)],
  ] as const;
  for (const [what, own, others] of facts) {
    if (own === others) continue;
    throw refuse(field, `has the ${what} ${own}, and the first one has ${others}; make one call for each`);
  }
}

const toUnit = ({ id, experiment, arm, propensity, unitHash }: AssignmentClaims): LoggedUnit => ({
  unitHash,
  assignmentId: id,
  experiment,
  arm,
  propensity,
});
