/** Seconds are enough for people; `--json` has all digits. */
export const stampText = (stamp: { readonly seconds: string } | null): string =>
  stamp ? millisText(Number(stamp.seconds) * 1000) : '';

/** @param millis since 1970; 0 is no time. */
export const millisText = (millis: number): string => (millis === 0 ? '' : new Date(millis).toISOString().slice(0, 19));
