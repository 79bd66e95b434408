import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { FailedPreconditionError } from '@slipway/kernel';
import type { NatsEventBusConfig } from './config.ts';
import { fromNatsError, isMissing } from './nats-errors.ts';

/** Failed deliveries to remember; each is deleted when its message is settled. */
const FAILURES_MAX = 1_000_000;

type Wanted = Pick<
  StreamConfig,
  'name' | 'subjects' | 'retention' | 'storage' | 'max_age' | 'duplicate_window' | 'num_replicas' | 'max_bytes'
>;

/** The stream of the failure counts, next to the one of the messages. */
export const failuresStream = (config: NatsEventBusConfig): string => `${config.stream}_FAILURES`;
/** Subject of all failure counts of this bus; durable and sequence follow. */
export const failuresSubject = (config: NatsEventBusConfig): string => `slipway.failures.${config.stream}`;

/**
 * Makes what is missing and checks what is there.
 * @returns the time the stream was made, which tells it from a later one of the same name.
 * @throws {FailedPreconditionError} naming each setting in which the existing stream differs.
 */
export async function ensureStreams(manager: JetStreamManager, config: NatsEventBusConfig): Promise<string> {
  try {
    const made = await ensureStream(manager, config.updateStream, {
      name: config.stream,
      subjects: [...config.subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      max_age: nanos(config.maxAgeMs),
      max_bytes: config.maxBytes,
      duplicate_window: nanos(config.deduplicationWindowMs),
      num_replicas: config.replicas,
    });
    await ensureFailures(manager, config);
    return made.created;
  } catch (error) {
    throw fromNatsError(error, `preparing stream ${config.stream}`);
  }
}

async function ensureFailures(manager: JetStreamManager, config: NatsEventBusConfig): Promise<void> {
  const name = failuresStream(config);
  if (await find(manager, name)) return;
  await manager.streams.add({
    name,
    subjects: [`${failuresSubject(config)}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(config.maxAgeMs),
    max_msgs: FAILURES_MAX,
    max_msgs_per_subject: 1,
    num_replicas: config.replicas,
  });
}

async function ensureStream(manager: JetStreamManager, mayUpdate: boolean, wanted: Wanted): Promise<StreamInfo> {
  const found = await find(manager, wanted.name);
  if (!found) return manager.streams.add({ ...wanted, discard: DiscardPolicy.Old });
  const differences = differencesOf(found.config, wanted);
  if (differences.length === 0) return found;
  if (mayUpdate) return manager.streams.update(wanted.name, wanted);
  throw new FailedPreconditionError(
    `stream ${wanted.name} exists and differs: ${differences.join('; ')}. Change the settings, name another stream, or set updateStream`,
    { reason: 'EVENT_BUS_STREAM_CONFLICT', facts: { stream: wanted.name } },
  );
}

function differencesOf(found: StreamConfig, wanted: Wanted): string[] {
  const text = (value: unknown): string =>
    JSON.stringify(Array.isArray(value) ? value.map(String).toSorted((a, b) => a.localeCompare(b)) : value);
  return (Object.keys(wanted) as (keyof Wanted)[])
    .filter((field) => text(found[field]) !== text(wanted[field]))
    .map((field) => `${field} is ${text(found[field])}, settings say ${text(wanted[field])}`);
}

async function find(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (isMissing(error, 'stream')) return undefined;
    throw error;
  }
}
