import { call, read } from './api.js';
import { badge, byId, element, grouped, quiet, table } from './elements.js';
import { objectives } from './objectives.js';
import { jobs, pipelineRuns, streams } from './work.js';

const REGISTRY = 'slipway.registry.v1.RegistryService';
const TRACKING = 'slipway.tracking.v1.TrackingService';
const FEATURES = 'slipway.features.v1.FeatureStoreService';
const INFERENCE = 'inference.GRPCInferenceService';
const ROUTING = 'slipway.routing.v1.RoutingService';
const BATCH = 'slipway.batch.v1.BatchService';
const PIPELINES = 'slipway.batch.v1.PipelineService';
const STREAMS = 'slipway.serving.v1.StreamService';
const ROWS_MAX = 12;

async function services(signal) {
  const { version, services: all } = await read('/api/status', signal);
  byId('version').textContent = version;
  const tiles = all.map(({ name, healthy, address, reason }) =>
    element(
      'div',
      { class: healthy ? 'tile' : 'tile down' },
      element('strong', {}, name, ' '),
      badge(healthy ? 'healthy' : 'not ready', healthy ? 'good' : 'bad'),
      element('div', { class: 'quiet mono' }, address),
      healthy ? undefined : element('div', { class: 'problem' }, reason ?? ''),
    ),
  );
  byId('services').replaceChildren(...tiles);
  return new Set(all.flatMap((service) => service.services));
}

/** The version that answers for an alias now; serving knows, not the registry. */
async function answering(model, alias, signal) {
  try {
    const { versions } = await call(`${INFERENCE}/ModelMetadata`, { name: `${model}@${alias}` }, signal);
    return versions[0];
  } catch {
    return undefined; // not loaded, or no serving here
  }
}

async function models(signal) {
  const { models: all } = await call(
    `${REGISTRY}/ListRegisteredModels`,
    { page_size: ROWS_MAX, order_by: 'create_time desc' },
    signal,
  );
  if (all.length === 0) return quiet('No model is registered.');
  const rows = await Promise.all(
    all.map(async ({ name, last_version: versions, aliases }) => ({
      name,
      versions,
      aliases: await Promise.all(
        aliases.map(async ({ name: alias, version }) => ({
          alias,
          version,
          answers: await answering(name, alias, signal),
        })),
      ),
    })),
  );
  const shown = ({ alias, version, answers }) => {
    const text = `${alias} → v${version}`;
    if (answers === version) return element('div', {}, badge(`${text}, answering`, 'good'));
    return element('div', {}, badge(answers ? `${text}, v${answers} answers` : `${text}, not loaded`, 'warn'));
  };
  return table(
    [
      { title: 'Model', cell: ({ name }) => element('strong', {}, name) },
      { title: 'Aliases', cell: ({ aliases }) => (aliases.length > 0 ? aliases.map(shown) : '–') },
      { title: 'Versions', number: true, cell: ({ versions }) => grouped(versions) },
    ],
    rows,
  );
}

async function runs(signal) {
  const { experiments } = await call(`${TRACKING}/SearchExperiments`, { page_size: 100 }, signal);
  const names = new Map(experiments.map(({ experiment_id: id, name }) => [id, name]));
  if (names.size === 0) return quiet('No experiment yet.');
  const query = { experiment_ids: [...names.keys()], order_by: ['attributes.start_time DESC'], page_size: ROWS_MAX };
  const { runs: all } = await call(`${TRACKING}/SearchRuns`, query, signal);
  if (all.length === 0) return quiet('No run yet.');
  const kinds = { FINISHED: 'good', FAILED: 'bad', KILLED: 'bad' };
  const metric = ({ key, value }) => `${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`;
  return table(
    [
      {
        title: 'Run',
        cell: (run) => [
          element('strong', {}, run.run_name || run.run_id.slice(0, 8)),
          element('div', { class: 'quiet' }, names.get(run.experiment_id) ?? ''),
        ],
      },
      {
        title: 'State',
        cell: ({ status }) =>
          badge(status.replace('RUN_STATUS_', '').toLowerCase(), kinds[status.replace('RUN_STATUS_', '')]),
      },
      { title: 'Metrics', cell: ({ metrics }) => metrics.slice(0, 3).map(metric).join(', ') || '–' },
      { title: 'Started', cell: ({ start_time: at }) => new Date(Number(at)).toLocaleString([], { hour12: false }) },
    ],
    all,
  );
}

async function views(signal) {
  const { views: all } = await call(`${FEATURES}/ListViews`, { page_size: 100 }, signal);
  if (all.length === 0) return quiet('No view has been applied.');
  return table(
    [
      {
        title: 'View',
        cell: ({ view }) => [element('strong', {}, view.name), element('div', { class: 'quiet' }, view.source)],
      },
      { title: 'Features', number: true, cell: ({ view }) => view.features.length },
      { title: 'Rows', number: true, cell: ({ rows }) => grouped(rows) },
      {
        title: 'Online',
        cell: ({ arrival, online_arrival: online }) => {
          if (online === '0') return badge('not yet', 'warn');
          return online === arrival ? badge('up to date', 'good') : badge('behind', 'warn');
        },
      },
    ],
    all,
  );
}

const PARTS = [
  { id: 'models', service: REGISTRY, make: models },
  { id: 'runs', service: TRACKING, make: runs },
  { id: 'views', service: FEATURES, make: views },
  { id: 'objectives', service: ROUTING, make: objectives },
  { id: 'jobs', service: BATCH, make: jobs },
  { id: 'streams', service: STREAMS, make: streams },
  { id: 'pipeline-runs', service: PIPELINES, make: pipelineRuns },
];

/** Fills all parts; one that fails says so in its own place. @throws {Refusal} when the caller is not known. */
export async function showOverview(signal) {
  const present = await services(signal);
  await Promise.all(
    PARTS.map(async ({ id, service, make }) => {
      const made = present.has(service)
        ? await make(signal).catch((error) => element('p', { class: 'problem' }, error.message))
        : quiet('This installation has no such service.');
      if (!signal.aborted) byId(id).replaceChildren(made);
    }),
  );
}
