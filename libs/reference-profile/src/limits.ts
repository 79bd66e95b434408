/** Days of a profile: eleven years. */
export const DAYS_MAX = 4_000;
/** Characters of `profile.json`: 20 features of 11 bins over all those days have about 4 million. */
export const PROFILE_CHARACTERS_MAX = 16 * 1024 * 1024;
export const FEATURES_MAX = 4_096;
/** Texts of a feature that are counted one by one. */
export const CATEGORIES_MAX = 50;
export const EDGES_MAX = 99;
export const NAME_CHARACTERS_MAX = 512;
/** Rows between two yields, less one: some tenths of a millisecond. */
export const PIECE_MASK = 0x3fff;
