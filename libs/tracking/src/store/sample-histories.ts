import type { SampledSeries, SampleQuery } from '../domain/histories.ts';
import { findSeries, type SampleSource } from './history-rows.ts';
import { sampleExtremes } from './sample-extremes.ts';
import { sampleSteps } from './sample-steps.ts';

/** Points of one metric of some runs, chosen in the database. */
export async function sampleHistories(source: SampleSource, query: SampleQuery): Promise<readonly SampledSeries[]> {
  const all = await findSeries(source.sql, source.workspace, source.key, query.runIds);
  return query.method === 'steps' ? sampleSteps(source, all, query) : sampleExtremes(source, all, query);
}
