import type { LearningSet } from '../learning-set.ts';

/** A training set of that id as the feature store tells of it. */
export const setOf = (id: string): LearningSet['set'] => ({
  id,
  name: `set ${id}`,
  features: [],
  columns: [],
  rows: '4',
  created_cutoff: true,
  files: [],
  nulls: {},
  repository_revision: '1',
  arrivals: {},
  principal: 'alice',
  create_time: null,
});
