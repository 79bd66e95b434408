import { z } from 'zod';
import { InvalidArgumentError, type Micros } from '@slipway/kernel';
import type { AssignedDeployment, AssignmentClaims } from './claims.ts';

/** Says what the token is, so that one made for something else and signed with the same key is refused (RFC 8725, section 3.11). */
export const TOKEN_TYPE = 'slipway-assignment+jwt';
export const TOKEN_ALGORITHM = 'EdDSA';
/** Tokens are metadata of every call; with eight shadows of the longest names one has under 4 KiB. */
export const TOKEN_CHARACTERS_MAX = 8_192;

const TextField = z.string().max(1_024);
const Pair = z.tuple([TextField, TextField]);
// Seconds with fractions (RFC 7519, section 2); a double holds microseconds of seconds below 2^32 exactly, until the year 2106.
const Time = z
  .number()
  .positive()
  .max(2 ** 32);
const Payload = z.object({
  jti: TextField,
  workspace: TextField,
  objective: TextField,
  experiment: TextField,
  arm: TextField,
  deployment: Pair,
  propensity: z.number().gt(0).max(1),
  unit: TextField,
  shadows: z.array(Pair).max(16),
  iat: Time,
  exp: Time,
});

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const pair = ({ model, alias }: AssignedDeployment): [string, string] => [model, alias];
const deployment = ([model, alias]: [string, string]): AssignedDeployment => ({ model, alias });
const seconds = (micros: Micros): number => Number(micros) / 1e6;
const micros = (value: number): Micros => BigInt(Math.round(value * 1e6));

/** The error of a token that is none. */
export const malformed = (description: string, cause?: unknown): InvalidArgumentError =>
  InvalidArgumentError.of('assignment', `${description}; send a token as RoutingService.Assign returned it`, {
    reason: 'ASSIGNMENT_MALFORMED',
    cause,
  });

export function encodePayload(claims: AssignmentClaims): Uint8Array {
  const payload: z.input<typeof Payload> = {
    jti: claims.id,
    workspace: claims.workspace,
    objective: claims.objective,
    experiment: claims.experiment,
    arm: claims.arm,
    deployment: pair(claims.deployment),
    propensity: claims.propensity,
    unit: claims.unitHash,
    shadows: claims.shadows.map(pair),
    iat: seconds(claims.issuedAt),
    exp: seconds(claims.expiresAt),
  };
  return encoder.encode(JSON.stringify(payload));
}

/** @throws {InvalidArgumentError} when the bytes are no claims. */
export function decodePayload(bytes: Uint8Array): AssignmentClaims {
  const parsed = Payload.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw malformed(`claim '${issue?.path.join('.') ?? ''}' is wrong: ${issue?.message ?? ''}`);
  }
  const payload = parsed.data;
  return {
    id: payload.jti,
    workspace: payload.workspace,
    objective: payload.objective,
    experiment: payload.experiment,
    arm: payload.arm,
    deployment: deployment(payload.deployment),
    propensity: payload.propensity,
    unitHash: payload.unit,
    shadows: payload.shadows.map(deployment),
    issuedAt: micros(payload.iat),
    expiresAt: micros(payload.exp),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw malformed('the claims are not JSON', cause);
  }
}
