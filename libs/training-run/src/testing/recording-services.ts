import { createClient, type ClientTransport } from '@slipway/clients';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { RegistryClient } from '../registration.ts';
import type { TrackingClient } from '../runs.ts';

export interface RecordedCall {
  readonly method: string;
  /** The message, or all messages of a stream. */
  readonly sent: object | readonly object[];
}

/** Tracking and registry that take everything, and remember it in order. */
export interface RecordingServices {
  readonly tracking: TrackingClient;
  readonly registry: RegistryClient;
  readonly calls: readonly RecordedCall[];
}

export const RUN_ID = '0123456789abcdef0123456789abcdef';
export const VERSION = '7';

/** @param failing method whose calls fail with the error, after they were remembered. */
export function recordingServices(failing?: { readonly method: string; readonly error: Error }): RecordingServices {
  const calls: RecordedCall[] = [];
  const answers: Readonly<Record<string, object>> = {
    CreateRun: { run: { run_id: RUN_ID } },
    CreateModelVersion: { version: { version: VERSION } },
  };
  const transport: ClientTransport = {
    answer: async ({ name }, input) => {
      const sent = Symbol.asyncIterator in input ? await all(input) : input;
      calls.push({ method: name, sent });
      if (failing?.method === name) throw failing.error;
      return answers[name] ?? {};
    },
    stream: () => {
      throw new Error('nothing here reads a stream');
    },
    close: () => Promise.resolve(),
  };
  return {
    calls,
    tracking: createClient(trackingService, transport),
    registry: createClient(registryService, transport),
  };
}

async function all(messages: AsyncIterable<object>): Promise<object[]> {
  const taken: object[] = [];
  for await (const message of messages) taken.push(message);
  return taken;
}
