import { Server, ServerCredentials } from '@grpc/grpc-js';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { answerParent } from '../measure/bench-child.ts';

/** What the echo answers to every call: a message that it encodes each time, or bytes that are ready. */
export type OnlineEchoPlan = { readonly message: object } | { readonly bytes: Buffer };

/** grpc-js with the codec of proto-loader that answers every GetOnlineFeatures with one answer of ours. */
answerParent(async (plan: OnlineEchoPlan) => {
  const { wire } = featureStoreService.methods.getOnlineFeatures;
  const server = new Server({ 'grpc.enable_channelz': 0 }); // as in our server: its bookkeeping costs every call
  const definition = 'bytes' in plan ? { ...wire, responseSerialize: (bytes: object) => bytes as Buffer } : wire;
  const answer = 'bytes' in plan ? plan.bytes : plan.message;
  server.addService(
    { GetOnlineFeatures: definition },
    { GetOnlineFeatures: (_: unknown, respond: (error: null, value: object) => void) => respond(null, answer) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
});
