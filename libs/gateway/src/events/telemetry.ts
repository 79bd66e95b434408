/**
 * Events that come by the thousand, each of little interest alone: predictions, results of streams and what these were made of, exposures.
 * @param tokens of the subject after the workspace.
 */
export function isTelemetry([domain, noun, verb]: readonly string[]): boolean {
  if (domain === 'stream') return verb === 'scored' || verb === 'received';
  const kind = `${domain}.${noun}.${verb}`;
  return kind === 'serving.prediction.logged' || kind === 'routing.exposure.logged';
}

/** How many predictions, results or exposures an event tells of. @param data of the CloudEvent. */
export function countItems(data: unknown): number {
  const { calls, exposures } = (data ?? {}) as { calls?: unknown; exposures?: unknown };
  if (Array.isArray(exposures)) return exposures.length;
  if (!Array.isArray(calls)) return 1;
  return calls.reduce((sum: number, call: unknown) => {
    const { prediction_ids: ids } = (call ?? {}) as { prediction_ids?: unknown };
    return sum + (Array.isArray(ids) ? ids.length : 0);
  }, 0);
}
