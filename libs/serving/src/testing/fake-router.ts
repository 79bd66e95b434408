import { generateKeyPairSync } from 'node:crypto';
import { AssignmentSigner, type AssignmentClaims } from '@slipway/assignments';
import { systemClock } from '@slipway/kernel';
import type { RoutingCalls } from '../rpc/assignment-source.ts';

const HOUR_MICROS = 3_600_000_000n;

/** A router that signs what it is told to and answers with its key. */
export class FakeRouter implements RoutingCalls {
  readonly #signer: AssignmentSigner;
  readonly #publicKeyPem: string;
  /** What the next calls fail with. */
  failure: Error | undefined;
  calls = 0;

  constructor(keyId = 'router-1') {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#signer = AssignmentSigner.fromPem(keyId, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    this.#publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  async getAssignmentKeys(): ReturnType<RoutingCalls['getAssignmentKeys']> {
    this.calls += 1;
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return { keys: [{ key_id: this.#signer.keyId, public_key_pem: this.#publicKeyPem }] };
  }

  /** A token of the arm `treatment` with `changes`, good for an hour. */
  assign(changes: Partial<AssignmentClaims> = {}): Promise<string> {
    const now = systemClock.now();
    return this.#signer.sign({
      id: 'assignment-1',
      workspace: 'default',
      objective: 'late-departure',
      experiment: 'experiment-1',
      arm: 'treatment',
      deployment: { model: 'm', alias: 'champion' },
      propensity: 0.25,
      unitHash: 'a'.repeat(64),
      shadows: [],
      issuedAt: now,
      expiresAt: now + HOUR_MICROS,
      ...changes,
    });
  }
}
