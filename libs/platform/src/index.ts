export {
  implementService,
  type BoundMethod,
  type CallContext,
  type Handler,
  type Handlers,
  type ServiceImplementation,
} from './rpc/handler.ts';
