/** Asked of the child that decides for units. */
export interface DecidePlan {
  readonly side: 'decision' | 'hash';
  readonly seconds: number;
  readonly seed: number;
}
