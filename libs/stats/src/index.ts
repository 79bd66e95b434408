export { bucketOf, murmur3 } from './hashing/murmur3.ts';
export { fnv1a, growthbookHash } from './hashing/growthbook.ts';
export { md5Shard, sha256High64 } from './hashing/digests.ts';
export { UNLEASH_VARIANT_SEED, unleashPlace } from './hashing/unleash.ts';
export { populationStability } from './distances/population-stability.ts';
export { binnedKolmogorovSmirnov } from './distances/binned-kolmogorov-smirnov.ts';
export { logLossOf } from './losses.ts';
