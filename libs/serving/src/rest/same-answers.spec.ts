import { DATATYPES, type Datatype } from '@slipway/plugin-kit';
import { temporaryDirectory } from '@slipway/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRawData } from '../rpc/tensor-codec.ts';
import { echoModel } from '../testing/echo-model.ts';
import { startRestServer, type RestServer } from '../testing/rest-server.ts';
import { ServingHarness } from '../testing/serving-harness.ts';
import { JsonText } from './exact-json.ts';
import { readJsonData, writeJsonData } from './json-tensor.ts';

const directory = temporaryDirectory();
let harness: ServingHarness;
let server: RestServer;
beforeAll(async () => {
  harness = await ServingHarness.start({ directory: directory.path });
  for (const datatype of DATATYPES) {
    harness.publishKeyed(datatype, 1, echoModel([datatype]), []);
    await harness.moveAndSettle(datatype, 1);
  }
  server = await startRestServer(harness);
});
afterAll(async () => {
  await server.stop();
  await harness.stop();
  directory.remove();
});

const WIDTH: Record<Exclude<Datatype, 'BYTES'>, number> = { BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, FP32: 4, FP64: 8 }; // prettier-ignore

/** Raw elements of n rows of 2, any bits at all where the datatype allows them. */
function rawOf(datatype: Datatype): fc.Arbitrary<{ rows: number; raw: Buffer }> {
  const pairs = <Element>(element: fc.Arbitrary<Element>) => fc.array(fc.tuple(element, element), { maxLength: 4 });
  if (datatype === 'BYTES') {
    return pairs(fc.string({ unit: 'grapheme' })).map((rows) => ({
      rows: rows.length,
      raw: Buffer.concat(rows.flat().map(lengthAndText)),
    }));
  }
  const width = WIDTH[datatype];
  const element =
    datatype === 'BOOL'
      ? fc.uint8Array({ minLength: 1, maxLength: 1, max: 1 })
      : fc.uint8Array({ minLength: width, maxLength: width });
  return pairs(element).map((rows) => ({ rows: rows.length, raw: Buffer.concat(rows.flat()) }));
}
const lengthAndText = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const place = { model: 'm', input: 'x', field: 'data', hasDigits: true };

async function overGrpc(datatype: Datatype, rows: number, raw: Buffer): Promise<Buffer> {
  const { raw_output_contents } = await harness.client.modelInfer({
    model_name: datatype,
    inputs: [{ name: `i_${datatype}`, datatype, shape: [rows, 2] }],
    raw_input_contents: [raw],
  });
  return Buffer.from(raw_output_contents[0] ?? []);
}

async function overBinary(datatype: Datatype, rows: number, raw: Buffer): Promise<Buffer> {
  const input = { name: `i_${datatype}`, datatype, shape: [rows, 2], parameters: { binary_data_size: raw.length } };
  const head = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs: [input] }));
  const response = await fetch(`${server.url}/v2/models/${datatype}/infer`, {
    method: 'POST',
    body: Buffer.concat([head, raw]),
    headers: { 'inference-header-content-length': `${head.length}` },
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer()).subarray(
    Number(response.headers.get('inference-header-content-length')),
  );
}

async function overJson(datatype: Exclude<Datatype, 'FP16'>, rows: number, raw: Buffer): Promise<string> {
  const data = readRawData(datatype, raw, rows * 2, place);
  const json = writeJsonData({ name: 'x', datatype, shape: [rows, 2], data } as Parameters<typeof writeJsonData>[0]);
  const body = `{"inputs":[{"name":"i_${datatype}","datatype":"${datatype}","shape":[${rows},2],"data":${json}}]}`;
  const response = await fetch(`${server.url}/v2/models/${datatype}/infer`, { method: 'POST', body });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(text).toContain(`"data":${json}}`); // what went in comes out, digit by digit
  return json;
}

it.each(DATATYPES)('%s: the same answer over gRPC, binary REST and JSON', async (datatype) => {
  await fc.assert(
    fc.asyncProperty(rawOf(datatype), async ({ rows, raw }) => {
      const expected = await overGrpc(datatype, rows, raw);
      expect(await overBinary(datatype, rows, raw)).toEqual(expected);
      if (datatype === 'FP16') return;
      const parsed = new JsonText(Buffer.from(await overJson(datatype, rows, raw))).parseExactly();
      const fromJson = readJsonData(datatype, parsed, [rows, 2], rows * 2, place);
      // payloads of NaN are not told in JSON
      expect(Array.from<unknown>(fromJson)).toEqual(
        Array.from<unknown>(readRawData(datatype, expected, rows * 2, place)),
      );
    }),
    { numRuns: 25 },
  );
});
