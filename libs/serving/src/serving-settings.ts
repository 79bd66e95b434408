import { NAME_PATTERN, WORKSPACE_PATTERN } from '@slipway/kernel';
import { booleanValue, defineSettings, listOf, type SettingValue } from '@slipway/platform';
import { z } from 'zod';
import type { ServingConfig } from './serving-config.ts';
import { readStreamConfig } from './stream-config.ts';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const seconds = (max: number) => z.coerce.number().positive().max(max);
const nameOrAll = (pattern: RegExp, what: string) =>
  z.string().refine((text) => text === '*' || pattern.test(text), `is neither ${what} nor *`);

const ENTRIES_MAX = 1_000;
const MEBIBYTE = 1024 * 1024;
/** Any text in its type: a stream scorer has another default. */
const SERVER_NAME: string = 'serving-0';

/** Settings of serving; which graphs are tried in a process of their own first is a setting of the model runtime. */
export const servingSettings = defineSettings({
  'serving.server-name': {
    schema: z.string().regex(NAME_PATTERN, 'must be letters, digits, `.`, `_` and `-`'),
    default: SERVER_NAME,
    doc: 'Name of this server in facts, in its slot table and as a consumer of events; unique among the servers of one registry.',
  },
  'serving.aliases': {
    schema: listOf(nameOrAll(NAME_PATTERN, 'an alias'), ENTRIES_MAX),
    default: ['*'],
    doc: 'Aliases that are loaded, with commas between them; * is every one.',
  },
  'serving.workspaces': {
    schema: listOf(nameOrAll(WORKSPACE_PATTERN, 'a workspace'), ENTRIES_MAX),
    default: ['*'],
    doc: 'Workspaces whose models are loaded, with commas between them; * is every one.',
  },
  'serving.default-alias': {
    schema: z.string().regex(NAME_PATTERN, 'must be an alias'),
    default: 'champion',
    doc: 'Alias of a model that a call names without one.',
  },
  'serving.elements-max': {
    schema: whole(1, 1_000_000_000),
    default: 16_777_216,
    doc: 'Elements of all inputs of a call together; the default is what fits a message of 64 MiB as FP32.',
  },
  'serving.inferences-max': {
    schema: whole(1, 1_024),
    default: 8,
    doc: 'Calls handed to the runtime at once; it computes them one by one, so more of them only share the passes of the event loop.',
  },
  'serving.queue-max': {
    schema: whole(0, 1_000_000),
    default: 1_024,
    doc: 'Calls that may wait for the runtime; further ones are refused as UNAVAILABLE.',
  },
  'serving.feature-fetches-max': {
    schema: whole(1, 65_536),
    default: 256,
    doc: 'Predictions by key that ask the feature store at once; as many as serving.queue-max wait.',
  },
  'serving.feature-timeout-ms': {
    schema: whole(1, 86_400_000),
    default: 1_000,
    doc: 'Milliseconds that the feature store has for a prediction whose caller set no deadline.',
  },
  'serving.prediction-log': {
    schema: z.enum(['off', 'keyed', 'all']),
    default: 'keyed',
    doc: 'Which answered calls are logged: off, keyed (predictions by key), or all (calls with tensors too, one entry each).',
  },
  'serving.prediction-log-rows-max': {
    schema: whole(1, 10_000_000),
    default: 250_000,
    doc: 'Rows of the prediction log that wait to be sent; further ones are dropped and counted.',
  },
  'serving.prediction-log-batch-rows': {
    schema: whole(1, 10_000),
    default: 2_000,
    doc: 'Rows of the prediction log that are sent together.',
  },
  'serving.prediction-log-flush-ms': {
    schema: whole(1, 3_600_000),
    default: 1_000,
    doc: 'Longest time in milliseconds that a row of the prediction log waits for others.',
  },
  'serving.prediction-log-features': {
    schema: z.coerce.number().min(0).max(1),
    default: 1,
    doc: 'Share of the calls whose features are logged, 0 to 1; which ones follows from their first prediction id.',
  },
  'serving.shadow-rows-max': {
    schema: whole(0, 10_000_000),
    default: 100_000,
    doc: 'Rows that wait to be scored by shadows of their assignments; the shadows of further calls are left out and counted.',
  },
  'serving.json-mebibytes-max': {
    schema: whole(1, 64),
    default: 8,
    doc: 'JSON of a REST request in MiB: parsing holds up every other call; tensors of any size go in binary form.',
  },
  'serving.streams': {
    schema: booleanValue,
    default: true,
    doc: 'Whether this server scores streams; turn it off where a stream-scorer does that. A stream is scored by one server at a time.',
  },
  'serving.stream-ack-wait-ms': {
    schema: whole(500, 600_000),
    default: 5_000,
    doc: 'Milliseconds after which the events of a stream scorer that died are delivered again.',
  },
  'serving.stream-outage-seconds': {
    schema: seconds(604_800),
    default: 3_600,
    doc: 'Longest time that a scorer, its model or the feature store may be away without a result being there twice; the bus has to know ids for longer.',
  },
  'serving.stream-lease-seconds': {
    schema: seconds(3_600),
    default: 15,
    doc: 'Seconds after which another server takes over the streams of one that died.',
  },
  'serving.loads-max': { schema: whole(1, 64), default: 2, doc: 'Versions that are loaded at once.' },
  'serving.load-timeout-seconds': {
    schema: seconds(86_400),
    default: 300,
    doc: 'Seconds after which a load is given up, download and checks included.',
  },
  'serving.load-attempts-max': {
    schema: whole(1, 100),
    default: 8,
    doc: 'Tries of a load while something it needs is away; each comparison with the registry opens a new round.',
  },
  'serving.drain-seconds': {
    schema: seconds(3_600),
    default: 30,
    doc: 'Seconds that calls may go on with a version that was swapped out before it is closed.',
  },
  'serving.reconcile-seconds': {
    schema: seconds(86_400),
    default: 30,
    doc: 'Seconds between two comparisons of all aliases with the registry, for events that were lost.',
  },
  'serving.package-mebibytes-max': {
    schema: whole(1, 1_048_576),
    default: 2_048,
    doc: 'Largest package in MiB; the default is the largest that one ONNX file can be.',
  },
  'serving.package-cache-mebibytes-max': {
    schema: whole(1, 16_777_216),
    default: 10_240,
    doc: 'Packages kept on disk in MiB, the newest is always kept; with them a restart serves while the registry is away.',
  },
});

type ServingSettings = typeof servingSettings;

/** @param get e.g. that of the process's configuration. */
export function readServingConfig(
  get: <Key extends keyof ServingSettings>(key: Key) => SettingValue<ServingSettings[Key]>,
): ServingConfig {
  return Object.freeze({
    serverName: get('serving.server-name'),
    scope: { aliases: get('serving.aliases'), workspaces: get('serving.workspaces') },
    defaultAlias: get('serving.default-alias'),
    elementsMax: get('serving.elements-max'),
    inferencesMax: get('serving.inferences-max'),
    queueMax: get('serving.queue-max'),
    fetchesMax: get('serving.feature-fetches-max'),
    fetchTimeoutMs: get('serving.feature-timeout-ms'),
    predictionLog: get('serving.prediction-log'),
    logRowsMax: get('serving.prediction-log-rows-max'),
    logBatchRows: get('serving.prediction-log-batch-rows'),
    logFeatures: get('serving.prediction-log-features'),
    logFlushMs: get('serving.prediction-log-flush-ms'),
    shadowRowsMax: get('serving.shadow-rows-max'),
    jsonBytesMax: get('serving.json-mebibytes-max') * MEBIBYTE,
    loadsMax: get('serving.loads-max'),
    loadTimeoutMs: get('serving.load-timeout-seconds') * 1_000,
    retry: { attemptsMax: get('serving.load-attempts-max'), firstDelayMs: 250, delayMsMax: 30_000 },
    drainMs: get('serving.drain-seconds') * 1_000,
    reconcileMs: get('serving.reconcile-seconds') * 1_000,
    streams: get('serving.streams') ? readStreamConfig(get) : undefined,
    packageBytesMax: get('serving.package-mebibytes-max') * MEBIBYTE,
    packageCacheBytesMax: get('serving.package-cache-mebibytes-max') * MEBIBYTE,
  });
}
