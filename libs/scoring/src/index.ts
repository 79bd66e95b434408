export { loadScorer, type ScorerSource } from './load-scorer.ts';
export { type Scorer } from './scorer.ts';
