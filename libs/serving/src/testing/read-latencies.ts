const ORDER = ['queue', 'feature-fetch', 'pre-process', 'batch-wait', 'inference', 'post-process', 'encode', 'total'];

/** Milliseconds by stage from the latency trailer. @throws {Error} when it has not all of them in their order, or they do not add up. */
export function readLatencies(trailer: string | undefined): Record<string, number> {
  const parts = (trailer ?? '').split(', ').map((part) => /^([a-z-]+);dur=(\d+(?:\.\d{1,3})?)$/.exec(part));
  const entries = parts.map((part): [string, number] => [part?.[1] ?? '', Number(part?.[2])]);
  if (entries.map(([name]) => name).join() !== ORDER.join())
    throw new Error(`not the stages in their order: ${trailer}`);
  const micros = entries.map(([, ms]) => Math.round(ms * 1000));
  const total = micros.pop();
  if (micros.reduce((sum, each) => sum + each, 0) !== total) throw new Error(`the stages do not add up: ${trailer}`);
  return Object.fromEntries(entries);
}
