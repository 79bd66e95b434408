export { copyingGraph, SAMPLE_FEATURES, sampleGraph, signPackage, type SignedPackage } from './sample-model.ts';
export { readRows, sampleQuery, writeRows } from './sample-rows.ts';
