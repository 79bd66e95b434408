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
  WORKSPACE_HEADER,
  type CallerResolver,
  type CallInput,
  type Invoker,
  type InvokerDependencies,
  type MethodInvoker,
} from './rpc/invoker.ts';
export { requestDecoder, UndecodableMessage } from './rpc/wire-codec.ts';
export {
  createGrpcServer,
  GRPC_SERVER_LIMITS,
  type GrpcServer,
  type GrpcServerLimits,
  type GrpcServerOptions,
} from './rpc/grpc-server.ts';
export { ServingStates } from './rpc/health-service.ts';
export { connectCode, HttpRefusal, toHttpFailure } from './http/failure.ts';
export { connectError } from './http/exchange.ts';
export { createHttpMetrics, type HttpMetrics } from './http/http-metrics.ts';
export { HTTP_SERVER_LIMITS, HttpServer, type HttpServerLimits, type HttpServerOptions } from './http/http-server.ts';
export {
  HTTP_LISTENERS,
  type HttpFailure,
  type HttpListenerName,
  type HttpMethod,
  type HttpReply,
  type HttpRequest,
  type HttpRoute,
  type HttpRoutes,
} from './http/route.ts';
export { ConfigError, type ConfigProblem } from './config/config-error.ts';
export { type DriverCatalogue } from './config/driver-values.ts';
export { describeSettings, printConfig } from './config/print-config.ts';
export {
  readConfig,
  type Config,
  type ConfigEntry,
  type DriverChoice,
  type ReadConfigOptions,
} from './config/read-config.ts';
export {
  booleanValue,
  composeSettings,
  defineSettings,
  driverSetting,
  listOf,
  type Setting,
  type Settings,
  type SettingValue,
} from './config/setting.ts';
export { type Environment } from './config/sources.ts';
export { trustedKeySettings } from './config/trusted-key-settings.ts';
export { assertListenerAllowed } from './identity/assert-listener.ts';
export { createCallerResolver } from './identity/caller-resolver.ts';
export { createToken } from './identity/create-token.ts';
export { readCredentials } from './identity/credentials.ts';
export { noneAuthenticator } from './identity/none-authenticator.ts';
export { ROLES, type RoleTable } from './identity/roles.ts';
export { type TokenEntry } from './identity/token-file.ts';
export { tokensAuthenticator, type TokensConfig } from './identity/tokens-authenticator.ts';
export { createHost, type DrainOutcome, type Host, type HostOptions } from './lifecycle/host.ts';
export { describeError, runProcess, type ProcessHandle } from './lifecycle/run-process.ts';
export { loadPlugins, type LoadPluginsOptions } from './plugins/load-plugins.ts';
export { PluginRegistry, type AnyPlugin, type DriverByPort, type PluginSource } from './plugins/plugin-registry.ts';
export { openDataDirectory, type DataDirectory } from './process/data-directory.ts';
export { createKeyFile, publishKeyFile, readKeyFile } from './process/key-file.ts';
export { createListeners, type Listeners, type ListenersOptions } from './process/listeners.ts';
export { type BoundPorts } from './process/ports-file.ts';
export { platformSettings, type PlatformSettings } from './process/process-settings.ts';
export {
  type AnyListenerName,
  type Composition,
  type ListenerName,
  type ProcessContext,
  type ServiceModule,
} from './process/service-module.ts';
export { startSlipwayProcess, type ProcessDefinition, type ProcessRuntime } from './process/start-slipway-process.ts';
export { inSpan, type SpanOptions } from './telemetry/in-span.ts';
export { createLogger, LOG_LEVELS, type LoggerOptions, type LogLevel } from './telemetry/logger.ts';
export { isLoopback, isLoopbackHostHeader } from './telemetry/loopback.ts';
export {
  createMetricsRegistry,
  type Counter,
  type Gauge,
  type Histogram,
  type MetricsRegistry,
} from './telemetry/metrics-registry.ts';
export { type Labels, type MetricDefinition } from './telemetry/metric-definition.ts';
export { MetricsServer, type MetricsServerOptions, type Readiness } from './telemetry/metrics-server.ts';
export { createRpcMetrics } from './telemetry/rpc-metrics.ts';
export { activeTraceparent, formatTraceparent, parseTraceparent } from './telemetry/traceparent.ts';
export { createTracing, type TracingOptions } from './telemetry/tracing.ts';
export { driverComponent, type OpenableDriver } from './process/driver-component.ts';
export { createGates } from './plugins/create-gates.ts';
export { internalCallers, type InternalCallers } from './identity/internal-callers.ts';
