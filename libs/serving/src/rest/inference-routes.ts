import type { HttpReply, HttpRequest, HttpRoute, HttpRoutes } from '@slipway/platform';
import type { ServedVersion } from '../domain/served-version.ts';
import {
  describeModel,
  describeServer,
  isModelReady,
  type InferenceServiceDependencies,
} from '../rpc/inference-service.ts';
import { runInference } from '../rpc/model-infer.ts';
import { describeStages, LATENCY_TRAILER, traceStages } from '../rpc/stage-report.ts';
import { readInferBody } from './infer-body.ts';
import type { InferBody } from './infer-request.ts';
import { compressAnswer, encodeAnswer, HEADER_LENGTH, toReply } from './infer-reply.ts';

export interface InferenceRoutesDependencies extends InferenceServiceDependencies {
  /** JSON of one request. */
  readonly jsonBytesMax: number;
}

type Place = Pick<HttpRoute, 'method' | 'path' | 'permission'>;

const get = (path: string, permission: string): Place => ({ method: 'GET', path, permission });

/** Open Inference Protocol v2 over REST: the same answers as over gRPC, with JSON or binary tensors. */
export function createInferenceRoutes(dependencies: InferenceRoutesDependencies): HttpRoutes {
  const { isReady } = dependencies;
  const byModel = (
    place: Place,
    answer: (request: HttpRequest, version: string) => Promise<HttpReply>,
  ): HttpRoute[] => [
    { ...place, path: place.path.replace('*', ':model'), handle: (request) => answer(request, '') },
    {
      ...place,
      path: place.path.replace('*', ':model/versions/:version'),
      handle: (request) => answer(request, request.param('version')),
    },
  ];
  const infer: Place & Partial<HttpRoute> = {
    method: 'POST',
    path: '/v2/models/*/infer',
    permission: 'serving.models.infer',
    body: 'bytes',
    contentEncodings: ['gzip', 'deflate'],
  };
  return {
    listener: 'inference-http',
    prefix: '/v2',
    renderError: ({ message }) => ({ error: message }),
    routes: [
      { ...get('/v2', 'public'), handle: async () => ({ json: describeServer(dependencies) }) },
      { ...get('/v2/health/live', 'public'), handle: async () => ({ json: { live: true } }) },
      { ...get('/v2/health/ready', 'public'), handle: async () => answerReady(isReady(), {}) },
      ...byModel(get('/v2/models/*', 'serving.models.read'), async (request, version) => ({
        json: describeModel(dependencies, request.param('model'), version, request.caller.workspace),
      })),
      ...byModel(get('/v2/models/*/ready', 'serving.models.read'), async (request, version) => {
        const name = request.param('model');
        return answerReady(isModelReady(dependencies, name, version, request.caller.workspace), { name });
      }),
      ...byModel(infer, (request, version) => answerInfer(dependencies, request, version)),
    ],
  };
}

/** Some clients look at the status alone, others at the body. */
const answerReady = (ready: boolean, more: object): HttpReply => ({
  status: ready ? 200 : 503,
  json: { ...more, ready },
});

async function answerInfer(
  dependencies: InferenceRoutesDependencies,
  request: HttpRequest,
  versionText: string,
): Promise<HttpReply> {
  const model = request.param('model');
  let body: InferBody | undefined;
  const read = ({ scorer }: ServedVersion): InferBody => {
    const { elementsMax, jsonBytesMax } = dependencies;
    const options = { model, signature: scorer.signature, elementsMax, jsonBytesMax };
    return (body = readInferBody(request.body, request.header(HEADER_LENGTH), options));
  };
  const call = {
    name: model,
    version: versionText,
    versionField: 'version',
    nameField: 'model',
    context: request,
    read,
  };
  const { answer, stages } = await runInference(dependencies, call, async (outputs, { ref }, clock) => {
    clock.enter('encode');
    const { id = '', isBinary = () => false } = body ?? {};
    // clients of KServe want an id in every answer
    const encoded = encodeAnswer({ model, version: ref.version, id: id || request.requestId, outputs, isBinary });
    return compressAnswer(encoded, request.header('accept-encoding'));
  });
  traceStages(stages);
  return toReply(answer, { [LATENCY_TRAILER]: describeStages(stages) });
}
