import { grouped } from './elements.js';

const short = (digest) => String(digest ?? '').slice(0, 8);
const plural = (count, noun) => `${grouped(count)} ${noun}${String(count) === '1' ? '' : 's'}`;
/** Cut between words. */
const brief = (text, max) => (text.length <= max ? text : `${text.slice(0, max).replace(/\s+\S*$/, '')} …`);
const by = (principal) => (principal ? ` by ${principal}` : '');

/** One line for people, by type of event; a type that is not here shows its subject. */
const LINES = {
  'slipway.registry.model.changed.v1': ({ model, deleted }) => `Model ${model} was ${deleted ? 'deleted' : 'changed'}`,
  'slipway.registry.version.created.v1': ({ model, version, principal, digest }) =>
    `${model} has a version ${version}${by(principal)} (${short(digest)})`,
  'slipway.registry.version.deleted.v1': ({ model, version, principal }) =>
    `${model} version ${version} was deleted${by(principal)}`,
  'slipway.registry.alias.moved.v1': ({
    model,
    alias,
    version,
    previous_version: before,
    principal,
    rolled_back: back,
  }) => {
    if (version === '0') return `${model}@${alias} was taken away${by(principal)}`;
    const from = before === '0' ? '' : ` from version ${before}`;
    return `${model}@${alias} ${back ? 'was rolled back' : 'moved'}${from} to version ${version}${by(principal)}`;
  },
  'slipway.registry.approval.granted.v1': ({ model, version, alias, principal }) =>
    `${principal} approved ${model} version ${version} for ${alias}`,
  'slipway.registry.approval.rejected.v1': ({ model, version, alias, principal }) =>
    `${principal} refused ${model} version ${version} for ${alias}`,
  'slipway.serving.model.loaded.v1': ({ model, alias, version, server, load_ms: ms }) =>
    `${server} answers ${model}@${alias} with version ${version} (${Math.round(ms)} ms to load)`,
  'slipway.serving.model.failed.v1': ({ model, alias, version, server, message }) =>
    `${server} could not load ${model}@${alias} version ${version}: ${message}`,
  'slipway.serving.prediction.logged.v1': ({ model, calls = [], dropped }) => {
    const rows = calls.reduce((sum, { prediction_ids: ids = [] }) => sum + ids.length, 0);
    return `${plural(rows, 'prediction')} of ${model}${dropped === '0' ? '' : `, ${grouped(dropped)} not logged`}`;
  },
  'slipway.tracking.run.finished.v1': ({ run_name: name, run_id: id, status, principal }) =>
    `Run ${name || short(id)} ${String(status).replace('RUN_STATUS_', '').toLowerCase()}${by(principal)}`,
  'slipway.features.repository.applied.v1': ({ revision, changes = [], principal }) =>
    `Feature repository revision ${revision}${by(principal)}: ${changes.join(', ') || 'no change'}`,
  'slipway.features.rows.ingested.v1': ({ source, accepted_rows: rows, quarantined_rows: bad }) =>
    `${plural(rows, 'row')} came to ${source}${bad === '0' ? '' : `, ${grouped(bad)} in quarantine`}`,
  'slipway.features.contract.violated.v1': ({ source, quarantined_rows: rows, breaches = [] }) =>
    `${plural(rows, 'row')} of ${source} broke the contract: ${breaches.join(', ')}`,
  'slipway.features.training-set.created.v1': ({ name, rows, training_set_id: id }) =>
    `Training set ${name || short(id)} with ${plural(rows, 'row')}`,
  'slipway.features.view.materialized.v1': ({ view, stored }) => `${view} is online: ${plural(stored, 'row')} stored`,
  'slipway.features.position.committed.v1': ({ consumer, source, from_exclusive: from, to_inclusive: to }) =>
    `${consumer} has used ${source} up to row ${grouped(to)}, from ${grouped(from)}`,
  'slipway.features.predictions.loaded.v1': ({ table, version, rows }) =>
    `${plural(rows, 'stored prediction')} of ${table}, version ${version}`,
  'slipway.batch.job.changed.v1': ({
    consumer,
    model,
    state,
    partitions,
    finished_partitions: done,
    scored_rows: rows,
    lost_attempts: lost,
  }) =>
    `Job ${consumer} on ${model} is ${state}: ${done} of ${plural(partitions, 'partition')}, ${plural(rows, 'row')}${lost > 0 ? `, ${lost} begun again` : ''}`,
  'slipway.batch.pipeline.changed.v1': ({ pipeline, state, step, step_state: is, message }) =>
    `Pipeline ${pipeline}${step ? `, ${step}: ${is}` : `: ${state}`}${message ? ` (${brief(message, 80)})` : ''}`,
  'slipway.routing.exposure.logged.v1': ({ objective, exposures = [] }) =>
    `${plural(exposures.length, 'unit')} of ${objective} met an experiment`,
  'slipway.routing.decision.made.v1': ({ name, decision, explanation }) =>
    `Experiment ${name}: ${String(decision).replaceAll('_', ' ')}. ${brief(String(explanation), 90)}`,
  'slipway.monitoring.outcome.observed.v1': ({ objective, outcomes }) =>
    `${plural(outcomes, 'outcome')} of ${objective}`,
  'slipway.monitoring.window.closed.v1': ({ objective, day, rows, log_loss: loss }) =>
    `${objective}, ${day}: log loss ${typeof loss === 'number' ? loss.toFixed(4) : '–'} over ${plural(rows, 'prediction')}`,
  'slipway.monitoring.drift.detected.v1': ({ objective, version, day, checks = [] }) =>
    `Drift of ${objective}, version ${version}, on ${day}: ${checks.slice(0, 2).join(', ')}`,
  'slipway.monitoring.performance.degraded.v1': ({ objective, version, day, checks = [] }) =>
    `${objective}, version ${version}, does worse on ${day}: ${checks.slice(0, 2).join(', ')}`,
  'slipway.stream.departures.scored.v1': ({ stream, event_id: id, version }) =>
    `${stream}: event ${id} was scored with version ${version}`,
  'slipway.bus.delivery.dead.v1': ({ consumer, event_type: type, reason }) =>
    `${consumer} gave up on ${type}: ${reason}`,
};

const BAD = new Set([
  'slipway.serving.model.failed.v1',
  'slipway.features.contract.violated.v1',
  'slipway.registry.approval.rejected.v1',
  'slipway.bus.delivery.dead.v1',
  'slipway.monitoring.drift.detected.v1',
  'slipway.monitoring.performance.degraded.v1',
]);

/** The noun of these is the name of the stream. */
const SCORED = /^slipway\.stream\.[^.]+\.scored\.v1$/;

export function summarise({ type, subject, data }) {
  const line = LINES[type] ?? (SCORED.test(type) ? LINES['slipway.stream.departures.scored.v1'] : undefined);
  return line ? line(data) : `${type} ${subject}`;
}

export const isBad = ({ type }) => BAD.has(type);
