import { createPublicKey, type KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, errors } from 'jose';
import { DeniedError, FailedPreconditionError, Turnstile, formatMicros, type Clock } from '@slipway/kernel';
import type { AssignmentClaims, AssignmentKey } from './claims.ts';
import { TOKEN_ALGORITHM, TOKEN_CHARACTERS_MAX, TOKEN_TYPE, decodePayload, malformed } from './token-form.ts';

export interface AssignmentVerifierOptions {
  /** Reads all public keys, e.g. RoutingService.GetAssignmentKeys. Its errors are those of `verify`. */
  readonly keys: (signal: AbortSignal) => Promise<readonly AssignmentKey[]>;
  readonly clock: Clock;
  /** Verified tokens that are kept; the least recently used goes first. */
  readonly cacheMax: number;
  /** Keys are read again for an unknown key id at most this often: foreign tokens must not make load at the router. */
  readonly refreshMs: number;
}

/** Checks assignments. Safe for concurrent calls; a token that was seen before costs one look-up. */
export class AssignmentVerifier {
  private readonly options: AssignmentVerifierOptions;
  /** In the order of use, oldest first. */
  private readonly verified = new Map<string, AssignmentClaims>();
  private keys: ReadonlyMap<string, KeyObject> = new Map();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private readonly reading = new Turnstile(1);

  constructor(options: AssignmentVerifierOptions) {
    this.options = options;
  }

  /**
   * The claims of a token, if this installation signed it and it is still good. The caller compares workspace and objective with its own.
   * @throws {InvalidArgumentError} reason ASSIGNMENT_MALFORMED when it is no token of ours.
   * @throws {DeniedError} reason ASSIGNMENT_SIGNATURE_INVALID on an unknown key and on a signature that does not match.
   * @throws {FailedPreconditionError} reason ASSIGNMENT_EXPIRED; assign again.
   */
  async verify(token: string, signal: AbortSignal): Promise<AssignmentClaims> {
    const claims = this.verified.get(token) ?? (await this.check(token, signal));
    this.remember(token, claims);
    if (claims.expiresAt <= this.options.clock.now()) {
      this.verified.delete(token);
      throw new FailedPreconditionError(
        `the assignment expired at ${formatMicros(claims.expiresAt)}; ask RoutingService.Assign for a new one`,
        { reason: 'ASSIGNMENT_EXPIRED', facts: { assignment: claims.id } },
      );
    }
    return claims;
  }

  private async check(token: string, signal: AbortSignal): Promise<AssignmentClaims> {
    if (token.length > TOKEN_CHARACTERS_MAX) throw malformed(`has ${token.length} characters`);
    const keyId = readKeyId(token);
    const key = this.keys.get(keyId) ?? (await this.readKey(keyId, signal));
    if (!key) throw refused(`no key of the router has the id '${keyId}'`, keyId);
    return decodePayload(await readSigned(token, key, keyId));
  }

  /** One read at a time; who waited looks first at what the one before it found. */
  private async readKey(keyId: string, signal: AbortSignal): Promise<KeyObject | undefined> {
    await this.reading.enter(signal);
    try {
      const known = this.keys.get(keyId);
      const now = this.options.clock.monotonicMs();
      if (known || now - this.readAtMs < this.options.refreshMs) return known;
      const keys = await this.options.keys(signal);
      this.keys = new Map(keys.map(({ keyId: id, publicKeyPem }) => [id, createPublicKey(publicKeyPem)]));
      this.readAtMs = now;
      return this.keys.get(keyId);
    } finally {
      this.reading.leave();
    }
  }

  private remember(token: string, claims: AssignmentClaims): void {
    this.verified.delete(token);
    this.verified.set(token, claims);
    if (this.verified.size <= this.options.cacheMax) return;
    const oldest = this.verified.keys().next();
    if (!oldest.done) this.verified.delete(oldest.value);
  }
}

const refused = (description: string, keyId: string, cause?: unknown): DeniedError =>
  new DeniedError(`the assignment is not signed by this installation: ${description}`, {
    reason: 'ASSIGNMENT_SIGNATURE_INVALID',
    facts: { key_id: keyId },
    cause,
  });

function readKeyId(token: string): string {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (cause) {
    throw malformed('is no signed token', cause);
  }
  if (header.typ !== TOKEN_TYPE || header.alg !== TOKEN_ALGORITHM) throw malformed('is a token of another kind');
  if (typeof header.kid !== 'string' || header.kid === '') throw malformed('names no key');
  return header.kid;
}

async function readSigned(token: string, key: KeyObject, keyId: string): Promise<Uint8Array> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [TOKEN_ALGORITHM] });
    return payload;
  } catch (cause) {
    if (cause instanceof errors.JWSInvalid) throw malformed('is no signed token', cause);
    throw refused('the signature does not match', keyId, cause);
  }
}
