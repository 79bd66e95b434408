import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { HttpReply } from '@slipway/platform';
import type { Tensor } from '@slipway/plugin-kit';
import { rawElements } from '../rpc/raw-elements.ts';
import { writeJsonData } from './json-tensor.ts';

/** Tells how much of a body is JSON, when there are tensors in binary form behind it. */
export const HEADER_LENGTH = 'inference-header-content-length';

const COMPRESSORS = { gzip: promisify(gzip), deflate: promisify(deflate) };
/** Below this, a compressed answer is hardly smaller and always later. */
const COMPRESSED_BYTES_MIN = 1_024;
/** The fastest: what compresses well at all does so here. */
const LEVEL = 1;

export interface InferAnswer {
  readonly model: string;
  readonly version: bigint;
  readonly id: string;
  readonly outputs: readonly Tensor[];
  readonly isBinary: (output: string) => boolean;
}

/** The body, with the headers that belong to it. */
export interface EncodedAnswer {
  readonly contentType: string;
  readonly body: readonly Uint8Array[];
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws {FailedPreconditionError} when an output has no JSON form and was not asked for as binary. */
export function encodeAnswer({ model, version, id, outputs, isBinary }: InferAnswer): EncodedAnswer {
  const raws: Buffer[] = [];
  const parts = outputs.map((output) => {
    const head = `"name":${JSON.stringify(output.name)},"datatype":"${output.datatype}","shape":[${output.shape.join(',')}]`;
    if (!isBinary(output.name)) return `{${head},"data":${writeJsonData(output)}}`;
    const raw = rawElements(output);
    raws.push(raw);
    return `{${head},"parameters":{"binary_data_size":${raw.length}}}`;
  });
  const identity = `"model_name":${JSON.stringify(model)},"model_version":"${version}","id":${JSON.stringify(id)}`;
  const json = Buffer.from(`{${identity},"outputs":[${parts.join(',')}]}`);
  if (raws.length === 0) return { contentType: 'application/json', body: [json], headers: {} };
  return {
    contentType: 'application/octet-stream',
    body: [json, ...raws],
    headers: { [HEADER_LENGTH]: `${json.length}` },
  };
}

/** Compresses what is worth it when the client takes it. @param accepted value of `Accept-Encoding`. */
export async function compressAnswer(answer: EncodedAnswer, accepted: string | undefined): Promise<EncodedAnswer> {
  const encoding = accepted === undefined ? undefined : chooseEncoding(accepted);
  const bytes = answer.body.reduce((sum, part) => sum + part.byteLength, 0);
  if (!encoding || bytes < COMPRESSED_BYTES_MIN) return answer;
  const compressed = await COMPRESSORS[encoding](Buffer.concat(answer.body, bytes), { level: LEVEL });
  const headers = { ...answer.headers, 'content-encoding': encoding, vary: 'accept-encoding' };
  return { ...answer, body: [compressed], headers };
}

/** The first of gzip and deflate that the client names and does not forbid. */
function chooseEncoding(accepted: string): 'gzip' | 'deflate' | undefined {
  for (const part of accepted.slice(0, 256).split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const isForbidden = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if ((name === 'gzip' || name === 'deflate') && !isForbidden) return name;
  }
  return undefined;
}

export const toReply = ({ contentType, body, headers }: EncodedAnswer, more: HttpReply['headers']): HttpReply => ({
  contentType,
  body,
  headers: { ...headers, ...more },
});
