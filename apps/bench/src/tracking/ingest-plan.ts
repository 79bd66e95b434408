/** What the child is asked, in this order: once to open both sides, then for measurements. */
export type IngestPlan =
  | { readonly address: string; readonly file: string; readonly seed: number }
  | { readonly through: 'stream' | 'inserts'; readonly points: number };
