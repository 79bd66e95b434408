/** What a child of a kill test is told, as JSON in its only argument. */
export interface KillOrder {
  readonly directory: string;
  readonly round: number;
  readonly seed: number;
  readonly work: 'sell' | 'finish';
  /** Step at which the child ends itself, and at which passing of it. */
  readonly step?: string;
  readonly pass?: number;
}
