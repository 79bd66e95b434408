import type { PredictRequest__Output } from '@slipway/contracts/slipway.serving.v1';
import { FailedPreconditionError, InvalidArgumentError } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';
import { readAssignments, type AssignmentCheck, type CallAssignments } from '../domain/call-assignments.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { readModelName } from './model-name.ts';

/** Request metadata with what the router assigned. */
export const ASSIGNMENT_HEADER = 'slipway-assignment';
const OPAQUE_CHARACTERS_MAX = 256;
/** Three parts in base64url: JWS in compact form (RFC 7515). */
const TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;

type AssignedContext = Pick<CallContext, 'header' | 'caller' | 'signal'>;

/** The text that somebody else's router sent along; it goes to the log as it is. */
export function opaqueAssignment(context: Pick<CallContext, 'header'>, verifier: AssignmentCheck | undefined): string {
  const text = context.header(ASSIGNMENT_HEADER) ?? '';
  return verifier && TOKEN_FORM.test(text) ? '' : text.slice(0, OPAQUE_CHARACTERS_MAX);
}

/**
 * The assignment in the metadata of a call, which then holds for all its rows. Undefined without one, without a router to ask, and for a text that
 * is no token.
 * @throws as `readAssignments`.
 */
export async function readAssignmentHeader(
  verifier: AssignmentCheck | undefined,
  context: AssignedContext,
  rows: number,
): Promise<CallAssignments | undefined> {
  const token = context.header(ASSIGNMENT_HEADER);
  if (!verifier || token === undefined || !TOKEN_FORM.test(token)) return undefined;
  const sent = { tokens: [token], field: () => `metadata[${ASSIGNMENT_HEADER}]`, ofRow: [], rows };
  return readAssignments(verifier, sent, context.caller.workspace, context.signal);
}

/**
 * The assignments of a call by key: those in the request, else the one in its metadata.
 * @throws as `readAssignments`. @throws {FailedPreconditionError} when the request has assignments and there is no router to ask.
 */
export async function readCallAssignments(
  verifier: AssignmentCheck | undefined,
  request: Pick<PredictRequest__Output, 'assignments' | 'assignment_of_row' | 'objective'>,
  context: AssignedContext,
  rows: number,
): Promise<CallAssignments | undefined> {
  const { assignments: tokens, assignment_of_row: ofRow } = request;
  if (tokens.length === 0 && ofRow.length > 0) {
    throw invalid('assignment_of_row', 'says which assignment each row has, and there are no assignments');
  }
  if (tokens.length === 0) return agreed(await readAssignmentHeader(verifier, context, rows), request.objective);
  if (!verifier) {
    throw new FailedPreconditionError(
      'this server cannot check assignments: it knows no router; set routing.address, or leave assignments out and name the model',
      { reason: 'ROUTER_NOT_CONFIGURED' },
    );
  }
  const sent = { tokens, field: (index: number) => `assignments[${index}]`, ofRow, rows };
  const { workspace } = context.caller;
  return agreed(await readAssignments(verifier, sent, workspace, context.signal), request.objective);
}

const invalid = (field: string, description: string): InvalidArgumentError =>
  InvalidArgumentError.of(field, description, { reason: 'ASSIGNMENTS_INVALID' });

function agreed(assigned: CallAssignments | undefined, objective: string): CallAssignments | undefined {
  if (assigned && objective !== '' && objective !== assigned.objective) {
    throw invalid('objective', `is '${objective}', and the assignments are for '${assigned.objective}'; leave it out`);
  }
  return assigned;
}

/** What answers a call: what it names, or what its assignments lead to. @throws {InvalidArgumentError} when neither or both differently. */
export function readSlotKey(
  name: string,
  field: string,
  workspace: string,
  defaultAlias: string,
  assigned: CallAssignments | undefined,
): SlotKey {
  if (name === '') {
    if (assigned) return { workspace, ...assigned.deployment };
    throw invalid(field, 'is missing; name a model, or send assignments of the router');
  }
  const key = readModelName(name, workspace, defaultAlias);
  if (!assigned) return key;
  const { model, alias } = assigned.deployment;
  if (key.model === model && key.alias === alias) return key;
  throw invalid(field, `is ${key.model}@${key.alias}, and the assignments lead to ${model}@${alias}`);
}
