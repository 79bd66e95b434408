/** Predictions of a day that are joined in memory at once; a day with more of them is read several times, a share of the ids each time. */
export const JOIN_ROWS_MAX = 1_000_000;
/** Predictions of joined days that are kept in memory, about 200 bytes each. */
export const JOINED_ROWS_KEPT_MAX = 200_000;
/** Shares that a day is split into at most; above JOIN_ROWS_MAX times this it is refused. */
export const JOIN_PARTS_MAX = 64;
/** Blocks that are read at once. */
export const BLOCKS_PER_READ = 64;
/** Distinct versions that scored rows of one day. */
export const DAY_VERSIONS_MAX = 64;
/** Days of a version that a check pools. */
export const WINDOW_DAYS = 7;
/** Calendar days in which these are looked for. */
export const LOOKBACK_DAYS = 28;
/** Disjoint windows that the reference of a version must have to stand alone. */
export const REFERENCE_WINDOWS_MIN = 8;
/** Own served days after which a version with a shorter reference is judged. */
export const YOUNG_SERVED_DAYS = 7;
/** Days that a list of windows, or coverage, covers in one call. */
export const DAYS_PER_CALL = 366;
/** Reference profiles that are kept in memory. */
export const PROFILES_MAX = 64;
