import { Client, credentials, status } from '@grpc/grpc-js';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { createIdSource, seededRandom, silentLogger, systemClock, UnauthenticatedError } from '@slipway/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { createGrpcServer, type GrpcServer } from './grpc-server.ts';
import { implementService } from './handler.ts';

const GET = '/slipway.common.v1.OperationService/GetOperation';
/** No message: a tag that does not end. */
const GARBAGE = Buffer.from([0xff]);
const { signal } = new AbortController();

let server: GrpcServer;
afterEach(() => server.stop());

/** A server that lets a caller in when it shows any credentials at all. */
async function start(): Promise<void> {
  const clock = systemClock;
  server = createGrpcServer({
    services: [
      implementService(operationService, {
        getOperation: () => Promise.resolve({}),
        listOperations: () => Promise.resolve({}),
        cancelOperation: () => Promise.resolve({}),
        watchOperation: async function* () {
          yield await Promise.resolve({});
        },
      }),
    ],
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    dependencies: {
      clock,
      ids: createIdSource(clock, seededRandom(1)),
      log: silentLogger,
      metrics: { started: () => undefined, finished: () => undefined },
      resolveCaller: ({ authorization }) =>
        authorization === undefined
          ? Promise.reject(new UnauthenticatedError('no credentials'))
          : Promise.resolve({
              principal: 'p',
              workspace: 'default',
              allWorkspaces: false,
              permissions: new Set(['*']),
            }),
    },
  });
  await server.start(signal);
}

function codeOf(bytes: Buffer): Promise<number> {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const identity = (content: Buffer): Buffer => content;
  return new Promise((resolve) => {
    client.makeUnaryRequest(GET, identity, identity, bytes, (error) => {
      client.close();
      resolve(error?.code ?? status.OK);
    });
  });
}

describe('a message of a caller who is not known', () => {
  it('is refused without being decoded: that can take seconds of a process', async () => {
    await start();
    expect(await codeOf(GARBAGE)).toBe(status.UNAUTHENTICATED);
    expect(await codeOf(Buffer.alloc(0))).toBe(status.UNAUTHENTICATED);
  });
});
