import type {
  GetAssignmentKeysRequest,
  GetAssignmentKeysResponse__Output,
} from '@slipway/contracts/slipway.routing.v1';
import { AssignmentVerifier } from '@slipway/assignments';
import { DEFAULT_WORKSPACE, DomainError, FailedPreconditionError, UnavailableError, type Clock } from '@slipway/kernel';

/** The calls of the router's client that serving makes. */
export interface RoutingCalls {
  getAssignmentKeys(
    request: GetAssignmentKeysRequest,
    options: { readonly workspace: string; readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<GetAssignmentKeysResponse__Output>;
}

/** Tokens that are kept: the units of some days, at less than 1 KiB each. */
const TOKENS_MAX = 20_000;
const REFRESH_MS = 10_000;
/** Keys are few and rarely read. */
const TIMEOUT_MS = 2_000;

/** Checks assignments with the keys of the router, as serving itself: keys are of the installation, not of a workspace. */
export function createAssignmentVerifier(routing: RoutingCalls, clock: Clock): AssignmentVerifier {
  return new AssignmentVerifier({
    keys: async (signal) => {
      try {
        const options = { workspace: DEFAULT_WORKSPACE, signal, timeoutMs: TIMEOUT_MS };
        const { keys } = await routing.getAssignmentKeys({}, options);
        return keys.map(({ key_id, public_key_pem }) => ({ keyId: key_id, publicKeyPem: public_key_pem }));
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw toCallersError(error);
      }
    },
    clock,
    cacheMax: TOKENS_MAX,
    refreshMs: REFRESH_MS,
  });
}

function toCallersError(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  if (error.kind === 'unauthenticated' || error.kind === 'denied') {
    return new FailedPreconditionError(
      'the router refuses this server; it needs a token whose role has routing.read there',
      { reason: 'ROUTER_REFUSED', cause: error },
    );
  }
  return new UnavailableError(`the router does not tell its keys: ${error.message}`, {
    reason: 'ROUTER_UNAVAILABLE',
    cause: error,
  });
}
