import { describe, expect, it } from 'vitest';
import { describeService, type MethodDescriptor, type ServiceDescriptor } from '@slipway/contracts';
import { operationService, type OperationService } from '@slipway/contracts/slipway.common.v1';
import { implementService, type Handlers } from './handler.ts';

const handlers: Handlers<OperationService> = {
  getOperation: () => Promise.resolve({}),
  listOperations: () => Promise.resolve({}),
  cancelOperation: () => Promise.resolve({}),
  watchOperation: async function* () {
    yield await Promise.resolve({});
  },
};

describe('implementService', () => {
  it('pairs each method of the contract with its handler', () => {
    const implementation = implementService(operationService, handlers);
    expect(
      implementation.methods.map(({ kind, permission, descriptor }) => [descriptor.name, kind, permission]),
    ).toEqual([
      ['GetOperation', 'unary', 'operations.read'],
      ['ListOperations', 'unary', 'operations.read'],
      ['CancelOperation', 'unary', 'operations.cancel'],
      ['WatchOperation', 'server-stream', 'operations.read'],
    ]);
  });

  it('refuses a method without a permission and names it', () => {
    const { getOperation, ...rest } = operationService.methods;
    const forgotten: MethodDescriptor = { ...getOperation, permission: undefined };
    const descriptor: ServiceDescriptor<OperationService> = {
      typeName: operationService.typeName,
      methods: { ...rest, getOperation: forgotten },
    };
    expect(() => implementService(descriptor, handlers)).toThrow(/GetOperation declares no permission/);
  });

  it('refuses a method without a handler and names it', () => {
    const { cancelOperation: _, ...some } = handlers;
    expect(() =>
      implementService(
        describeService<OperationService>('slipway.common.v1.OperationService'),
        some as typeof handlers,
      ),
    ).toThrow(/CancelOperation has no handler/);
  });

  it('keeps the class instance of a handler', async () => {
    class Service {
      readonly id = 'op-1';
      async getOperation(): Promise<{ operation: { id: string } }> {
        return Promise.resolve({ operation: { id: this.id } });
      }
      listOperations = handlers.listOperations;
      cancelOperation = handlers.cancelOperation;
      watchOperation = handlers.watchOperation;
    }
    const [get] = implementService(operationService, new Service()).methods;
    if (get?.kind !== 'unary') throw new Error('not unary');
    expect(await get.handle({}, {} as never)).toEqual({ operation: { id: 'op-1' } });
  });
});
