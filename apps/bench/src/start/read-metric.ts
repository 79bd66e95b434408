/** One number of a process's `/metrics`. @param base e.g. `http://127.0.0.1:8002`. @throws {Error} when it is not there. */
export async function readMetric(base: string, name: string): Promise<number> {
  const response = await fetch(`${base}/metrics`);
  const text = await response.text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`${base}/metrics has no ${name}`);
  return Number(line.slice(name.length + 1));
}
