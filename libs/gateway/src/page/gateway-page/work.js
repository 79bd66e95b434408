import { call } from './api.js';
import { badge, element, grouped, quiet, table } from './elements.js';

const BATCH = 'slipway.batch.v1.BatchService';
const PIPELINES = 'slipway.batch.v1.PipelineService';
const STREAMS = 'slipway.serving.v1.StreamService';
const ROWS_MAX = 6;

const stateOf = (text) =>
  String(text)
    .replace(/^.*_STATE_/, '')
    .toLowerCase();
const KINDS = { done: 'good', succeeded: 'good', active: 'good', failed: 'bad', stalled: 'bad', cancelled: 'warn' };
const state = (text) => badge(stateOf(text), KINDS[stateOf(text)] ?? '');

function bar(done, total) {
  const made = element('progress', { max: Number(total) || 1, value: Number(done) });
  made.textContent = `${grouped(done)} of ${grouped(total)}`;
  return made;
}

export async function jobs(signal) {
  const { jobs: all } = await call(`${BATCH}/ListScoringJobs`, { page_size: ROWS_MAX }, signal);
  if (all.length === 0) return quiet('No scoring job yet.');
  return table(
    [
      {
        title: 'Job',
        cell: ({ plan, version }) => [
          element('strong', {}, plan?.consumer ?? ''),
          element('div', { class: 'quiet' }, `${plan?.model ?? ''}, version ${version}`),
        ],
      },
      { title: 'State', cell: (job) => state(job.state) },
      {
        title: 'Rows',
        cell: ({ scored_rows: done, rows, lost_attempts: lost }) => [
          bar(done, rows),
          element('div', { class: 'quiet' }, `${grouped(done)}${lost > 0 ? `, ${lost} begun again` : ''}`),
        ],
      },
    ],
    all,
  );
}

export async function streams(signal) {
  const { streams: all } = await call(`${STREAMS}/ListStreams`, { page_size: ROWS_MAX }, signal);
  if (all.length === 0) return quiet('No stream yet.');
  return table(
    [
      {
        title: 'Stream',
        cell: ({ name, model }) => [element('strong', {}, name), element('div', { class: 'quiet' }, model)],
      },
      { title: 'State', cell: ({ status }) => state(status?.state ?? 'unknown') },
      { title: 'Scored', number: true, cell: ({ status }) => grouped(status?.scored ?? '0') },
      { title: 'Waiting', number: true, cell: ({ status }) => grouped(status?.pending ?? '0') },
      { title: 'Dead', number: true, cell: ({ status }) => grouped(status?.dead_lettered ?? '0') },
    ],
    all,
  );
}

export async function pipelineRuns(signal) {
  const { runs: all } = await call(`${PIPELINES}/ListPipelineRuns`, { page_size: ROWS_MAX }, signal);
  if (all.length === 0) return quiet('No run of a pipeline yet.');
  const steps = ({ steps: of }) =>
    of.map(({ name, state: is, message }) =>
      element('span', { class: `badge ${KINDS[stateOf(is)] ?? ''}`, title: message }, name),
    );
  return table(
    [
      { title: 'Pipeline', cell: ({ pipeline }) => element('strong', {}, pipeline) },
      { title: 'State', cell: (run) => state(run.state) },
      { title: 'Steps', cell: (run) => steps(run) },
      { title: 'Because', cell: ({ causes }) => causes.map(({ kind, name }) => `${kind} ${name}`).join(', ') },
    ],
    all,
  );
}
