import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type OpenStore } from './testing/open-store.ts';

const signal = new AbortController().signal;

describe('CSV files as input', () => {
  let open: OpenStore;
  beforeEach(async () => {
    open = await openStore();
  });
  afterEach(() => open.close());

  let files = 0;
  async function values(content: string): Promise<readonly unknown[]> {
    const directory = join(open.directory, String((files += 1)));
    mkdirSync(directory);
    const file = join(directory, 'in.csv');
    writeFileSync(file, content);
    const [acceptedFile, rejectedFile] = [join(directory, 'accepted.parquet'), join(directory, 'rejected.parquet')];
    const columns = [
      { name: 't', type: 'timestamp' as const, rules: {} },
      { name: 'v', type: 'string' as const, rules: {} },
    ];
    const input = { file, format: 'csv' as const };
    await open.store.ingest(
      { input, columns, eventTime: 't', uniqueKey: [], firstArrival: 0n, acceptedFile, rejectedFile },
      signal,
    );
    return (await open.sql(`SELECT v FROM '${acceptedFile}' ORDER BY __arrival`)).map(([value]) => value);
  }

  it.each(['\n', '\r\n', '\r'])('may end their records with %j, the last one with nothing', async (end) => {
    const records = ['t,v', '2001-01-01,a', '2001-01-01,', '2001-01-01,""', '2001-01-01,"b,""c"""'];
    expect(await values(records.join(end))).toEqual(['a', null, null, 'b,"c"']);
    expect(await values(records.join(end) + end)).toEqual(['a', null, null, 'b,"c"']);
  });

  it.each(['\n', '\r\n'])('may have line breaks of any kind in quotes when records end with %j', async (end) => {
    const records = [end === '\n' ? '"t","v","a\rb\nc"' : 't,v,w', '2001-01-01,"x\ry\nz\r\n",1'];
    expect(await values(records.join(end) + end)).toEqual(['x\ry\nz\r\n']);
  });

  it('may begin with a byte order mark', async () => {
    expect(await values('\ufefft,v\n2001-01-01,ü\n')).toEqual(['ü']);
  });

  it('keep the order of their rows whatever reads them in parallel', async () => {
    const rows = Array.from({ length: 300_000 }, (_, row) => `2001-01-01,v${row}`);
    const read = await values(`t,v\n${rows.join('\n')}\n`);
    expect(read).toHaveLength(rows.length);
    expect(read.every((value, row) => value === `v${row}`)).toBe(true);
  });

  it.each([
    ['a quote that is not closed', 't,v\n2001-01-01,"x\n'],
    ['a header that is not closed', 't,"v\n'],
    ['too many fields', 't,v\n2001-01-01,x,y\n'],
    ['too few fields', 't,v\n2001-01-01\n'],
    ['bytes that are not UTF-8', Buffer.from('t,v\n2001-01-01,\xff\n', 'latin1')],
  ] as const)('with %s are refused, naming the file', async (_, content) => {
    await expect(values(content as string)).rejects.toThrow(/in\.csv' cannot be read/);
  });
});
