import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import type { ModelInferRequest, ModelInferResponse } from '@slipway/contracts/inference';
import { answerParent } from '../measure/bench-child.ts';
import { echoAnswer, genericInfer } from './requests.ts';

/** grpc-js with the codec of proto-loader and nothing else: what an inference call costs before anybody does anything. */
answerParent(async ({ rows }: { rows: number }) => {
  const scores = Buffer.alloc(rows * 4, 1);
  const server = new Server({
    'grpc.enable_channelz': 0, // as in our server: its bookkeeping costs every call
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
  });
  const modelInfer: handleUnaryCall<ModelInferRequest, ModelInferResponse> = ({ request }, respond) =>
    respond(null, echoAnswer(request, scores));
  server.addService({ ModelInfer: genericInfer }, { ModelInfer: modelInfer });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
});
