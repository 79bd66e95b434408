export { bucketOf, murmur3 } from './hashing/murmur3.ts';
export { fnv1a, growthbookHash } from './hashing/growthbook.ts';
export { md5Shard, sha256High64 } from './hashing/digests.ts';
export { UNLEASH_VARIANT_SEED, unleashPlace } from './hashing/unleash.ts';
