/** Values by label name; every label of the metric must be there. */
export type Labels<Label extends string> = Readonly<Record<Label, string>>;

/** What of a metric does not change. Names follow Prometheus: base units, `_total` for counters, `_seconds`, `_bytes`. */
export interface MetricDefinition<Label extends string = never> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}
