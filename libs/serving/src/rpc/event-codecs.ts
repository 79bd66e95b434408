import { modelFailed, modelLoaded } from '@slipway/contracts';
import type { AliasMoved } from '@slipway/contracts/slipway.registry.v1';
import type { ModelFailed, ModelLoaded } from '@slipway/contracts/slipway.serving.v1';
import type { EventDefinition } from '@slipway/kernel';
import type { ModelFailedFact, ModelLoadedFact } from '../domain/facts.ts';
import type { RegisteredAlias } from '../domain/ports.ts';

/** How a fact of the domain becomes the payload of an event. */
export interface FactCodec<Fact, Payload extends object> {
  readonly definition: EventDefinition<Payload>;
  toPayload(fact: Fact): Payload;
}

export const modelLoadedCodec: FactCodec<ModelLoadedFact, ModelLoaded> = {
  definition: modelLoaded,
  toPayload: ({ key, server, actual, previous, loadMs }) => ({
    model: key.model,
    alias: key.alias,
    version: `${actual.version}`,
    digest: actual.digest,
    server,
    alias_revision: `${actual.revision}`,
    previous_version: `${previous?.version ?? 0n}`,
    load_ms: loadMs,
  }),
};

export const modelFailedCodec: FactCodec<ModelFailedFact, ModelFailed> = {
  definition: modelFailed,
  toPayload: ({ key, server, desired, reason, message, actual }) => ({
    model: key.model,
    alias: key.alias,
    version: `${desired.version}`,
    server,
    alias_revision: `${desired.revision}`,
    reason,
    message,
    serving_version: `${actual?.version ?? 0n}`,
  }),
};

/** What the payload of alias.moved says, 64-bit numbers exact. */
export function fromAliasMoved(workspace: string, payload: Required<AliasMoved>): RegisteredAlias {
  const { model, alias, version, digest, revision } = payload;
  return {
    key: { workspace, model, alias },
    target: { version: BigInt(version.toString()), digest, revision: BigInt(revision.toString()) },
  };
}
