import type { Client } from '@slipway/clients';
import type { CreateModelVersionRequest, RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { buildProfile, encodeProfile } from '@slipway/reference-profile';
import { FLOAT, node, onnxModel, valueInfo } from '../bad-input/onnx-bytes.ts';
import { sha256 } from '../bad-input/slipway-under-test.ts';
import { flightsOf } from './flights.ts';

/** Chance of being late as a version sees it: 1 / (1 + exp(-(weight * x + bias))). */
export interface Weights {
  readonly weight: number;
  readonly bias: number;
}

export const MODEL = 'flight-delay';
/** Knows how often flights are late, and nothing of the one in question. */
export const PLAIN: Weights = { weight: 0, bias: -0.6 };
/** Knows how it really is. */
export const INFORMED: Weights = { weight: 4, bias: -1 };
const REFERENCE_DAYS = 90;

export const chanceOf = ({ weight, bias }: Weights, x: number): number => 1 / (1 + Math.exp(-(weight * x + bias)));

const scalar = (name: string, value: number) => ({ name, dims: [1], data_type: FLOAT, float_data: [value] });

function graphOf({ weight, bias }: Weights): Buffer {
  return onnxModel({
    node: [
      node('Mul', ['x', 'w'], ['wx']),
      node('Add', ['wx', 'b'], ['logit']),
      node('Sigmoid', ['logit'], ['probability']),
    ],
    initializer: [scalar('w', weight), scalar('b', bias)],
    input: [valueInfo('x', FLOAT, ['n', 1])],
    output: [valueInfo('probability', FLOAT, ['n', 1])],
  });
}

/** What the version saw and said from January to March. */
function profileOf(weights: Weights): Buffer {
  const first = Date.parse('2001-01-01T00:00:00Z') / 86_400_000;
  const rows = Array.from({ length: REFERENCE_DAYS }, (_, day) => flightsOf(first + day)).flat();
  const profile = buildProfile({
    output: 'probability',
    times: Float64Array.from(rows, ({ timeMicros }) => Number(timeMicros)),
    labels: rows.map(({ isLate }) => Number(isLate)),
    scores: Float64Array.from(rows, ({ x }) => chanceOf(weights, x)),
    features: [{ name: 'request:x', kind: 'number', values: Float64Array.from(rows, ({ x }) => x) }],
  });
  return Buffer.from(encodeProfile(profile));
}

/** The next version of the story's model, with its reference profile. */
export async function uploadStoryVersion(registry: Client<RegistryService>, weights: Weights): Promise<void> {
  const files = [
    { path: 'model.onnx', bytes: graphOf(weights) },
    { path: 'profile.json', bytes: profileOf(weights) },
  ];
  async function* parts(): AsyncIterable<CreateModelVersionRequest> {
    const listed = files.map(({ path, bytes }) => ({ path, bytes: String(bytes.length), sha256: sha256(bytes) }));
    yield { header: { model: MODEL, files: listed, graph: 'model.onnx', features: ['request:x'] } };
    for (const { bytes } of files) {
      for (let at = 0; at < bytes.length; at += 524_288) yield { chunk: bytes.subarray(at, at + 524_288) };
      yield { file_end: true };
    }
    await Promise.resolve();
  }
  await registry.createModelVersion(parts());
}
