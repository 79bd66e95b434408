import type { Micros } from '@slipway/kernel';

/** A model under an alias. */
export interface AssignedDeployment {
  readonly model: string;
  readonly alias: string;
}

/** What the router says about one unit, and signs. */
export interface AssignmentClaims {
  /** Names this assignment; for joins, never for security. */
  readonly id: string;
  readonly workspace: string;
  readonly objective: string;
  /** Id of the routing experiment; empty without one. */
  readonly experiment: string;
  /** Empty without an experiment. */
  readonly arm: string;
  readonly deployment: AssignedDeployment;
  /** Share that the arm had, in (0, 1]. */
  readonly propensity: number;
  /** As `unitHash` makes it. */
  readonly unitHash: string;
  /** Deployments that score the same rows and answer nobody. */
  readonly shadows: readonly AssignedDeployment[];
  readonly issuedAt: Micros;
  /** From this time on the assignment is refused. */
  readonly expiresAt: Micros;
}

/** One public key that assignments are signed with. */
export interface AssignmentKey {
  readonly keyId: string;
  /** Ed25519, SPKI, PEM. */
  readonly publicKeyPem: string;
}
