import { encodePayload } from '@slipway/contracts';
import type { Clock } from '@slipway/kernel';
import { encodeFact } from '../rpc/event-codecs.ts';
import { InMemoryRegistry } from './in-memory-registry.ts';
import type { RegistryStoreHarness } from './registry-store-harness.ts';

export function inMemoryHarness(clock: Clock): Promise<RegistryStoreHarness & { unitOfWork: InMemoryRegistry }> {
  const registry = new InMemoryRegistry(clock);
  return Promise.resolve({
    unitOfWork: registry,
    ledger: registry,
    facts: () =>
      Promise.resolve(
        registry.state.facts.map(({ workspace, fact }) => {
          const { definition, payload } = encodeFact(fact);
          const data = encodePayload(definition, payload);
          return { workspace, type: definition.type, key: definition.key(payload), data };
        }),
      ),
    audit: () => Promise.resolve(registry.state.audit),
    stop: () => Promise.resolve(),
  });
}
