import { createClient, grpcTransport } from '@slipway/clients';
import { gRPCInferenceService } from '@slipway/contracts/inference';
import { systemClock } from '@slipway/kernel';
import { createGrpcServer } from '@slipway/platform';
import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { invokerDependencies, ServingHarness } from './testing/serving-harness.ts';

const never = new AbortController().signal;

it('finishes every accepted call when the server drains in the middle of them', async () => {
  using directory = temporaryDirectory();
  const harness = await ServingHarness.start({ directory: directory.path });
  harness.publish('m', 1);
  await harness.moveAndSettle('m', 1);
  const server = createGrpcServer({
    services: harness.service.services,
    host: '127.0.0.1',
    port: 0,
    dependencies: invokerDependencies(),
    reflection: false,
  });
  await server.start(never);
  const transport = grpcTransport({ address: `127.0.0.1:${server.port}`, clock: systemClock });
  const client = createClient(gRPCInferenceService, transport);
  const infer = () =>
    client.modelInfer({
      model_name: 'm',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
      raw_input_contents: [Buffer.from(Float32Array.of(41).buffer)],
    });
  await infer();
  const accepted: unknown[] = [];
  const calls = Array.from({ length: 200 }, async () => {
    const answer = await infer();
    accepted.push(answer);
    return answer.raw_output_contents[0]?.readFloatLE();
  });
  while (accepted.length < 20) await new Promise((resolve) => setImmediate(resolve));
  // as the host does it: the server first, then what stands behind it
  await server.drain(never);
  await harness.stop();
  const settled = await Promise.allSettled(calls);
  await transport.close();
  await server.stop();
  const answered = settled.filter(({ status }) => status === 'fulfilled');
  expect(new Set(answered.map((each) => (each as PromiseFulfilledResult<number>).value))).toEqual(new Set([42]));
  expect(answered).toHaveLength(200);
  expect(harness.service.isReady()).toBe(false);
});
