import { createClient, grpcTransport, inProcessTransport, type Client } from '@slipway/clients';
import { gRPCInferenceService, type GRPCInferenceService, type ModelInferRequest } from '@slipway/contracts/inference';
import { systemClock } from '@slipway/kernel';
import { createInvoker } from '@slipway/platform';
import { answerParent } from '../measure/bench-child.ts';
import { randomRows } from '../measure/random-rows.ts';
import { batchesOf, requestOf } from '../inference/requests.ts';
import { chainDependencies, echoService } from './echo-service.ts';
import type { TransportRequest } from './transport-plan.ts';

const FEATURES = 16;
const BATCHES = 1024;

const clients: Partial<Record<TransportRequest['transport'], Client<GRPCInferenceService>>> = {};
let requests: readonly ModelInferRequest[] = [];

/** One call after the other with the same client code; microseconds of wall time per call. */
answerParent(async (request: TransportRequest | { readonly address: string; readonly seed: number }) => {
  if ('address' in request) {
    const weights = new Float32Array(FEATURES);
    const values = randomRows(request.seed).floats('transport', BATCHES * FEATURES);
    requests = batchesOf(values, 1, FEATURES).map((batch) =>
      requestOf({ name: 'echo', features: FEATURES, weights, intercept: 0 }, batch),
    );
    const invokers = [createInvoker(echoService(), chainDependencies())];
    clients['in-process'] = createClient(gRPCInferenceService, inProcessTransport({ invokers, clock: systemClock }));
    clients.loopback = createClient(gRPCInferenceService, grpcTransport({ address: request.address }));
    return;
  }
  const client = clients[request.transport];
  const began = performance.now();
  const end = began + request.seconds * 1000;
  let calls = 0;
  for (; performance.now() < end; calls += 1) await client?.modelInfer(requests[calls % BATCHES] ?? {});
  return ((performance.now() - began) * 1000) / calls;
});
