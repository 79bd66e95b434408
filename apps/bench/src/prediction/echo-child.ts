import { Server, ServerCredentials } from '@grpc/grpc-js';
import { predictionService, type PredictResponse } from '@slipway/contracts/slipway.serving.v1';
import { answerParent } from '../measure/bench-child.ts';

/** grpc-js with the codec of proto-loader that answers every Predict with one answer of ours. */
answerParent(async ({ answer }: { answer: PredictResponse }) => {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const { wire } = predictionService.methods.predict;
  server.addService(
    { Predict: wire },
    { Predict: (_: unknown, respond: (error: null, value: PredictResponse) => void) => respond(null, answer) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
});
