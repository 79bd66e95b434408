export {
  implementService,
  type BoundMethod,
  type CallContext,
  type Handler,
  type Handlers,
  type ServiceImplementation,
} from './rpc/handler.ts';
export { ActiveCall, ANONYMOUS, type CallDependencies, type IncomingCall, type RpcMetrics } from './rpc/call.ts';
export {
  boundText,
  CallCancelledError,
  DeadlineExceededError,
  httpStatusOf,
  RpcFailure,
  toFailure,
} from './rpc/errors.ts';
export { fromStatus, RemoteInternalError, type RemoteStatus } from './rpc/remote-errors.ts';
export { ERROR_CODES, STATUS, statusName, type StatusName } from './rpc/status.ts';
export {
  createInvoker,
  UndecodableMessage,
  WORKSPACE_HEADER,
  type CallerResolver,
  type CallInput,
  type Invoker,
  type InvokerDependencies,
  type MethodInvoker,
} from './rpc/invoker.ts';
export { requestDecoder } from './rpc/wire-codec.ts';
export {
  createGrpcServer,
  GRPC_SERVER_LIMITS,
  type GrpcServer,
  type GrpcServerLimits,
  type GrpcServerOptions,
} from './rpc/grpc-server.ts';
export { ServingStates } from './rpc/health-service.ts';
