export { findCommand } from './command.ts';
export { describeWith, sized, NEEDS_MARK, type ServerName } from './describe-with.ts';
export { freePort } from './free-port.ts';
export { temporaryDirectory } from './temporary-directory.ts';
export { describeWithPython, PYTHON_INSTALL_MS, type PythonEnvironment } from './python/python-environment.ts';
export { startNats, type NatsServer } from './servers/nats.ts';
export { startS3, type S3Server } from './servers/s3.ts';
export { startPostgres, type PostgresServer } from './servers/postgres.ts';
export { startRedis, type RedisOptions, type RedisServer } from './servers/redis.ts';
export {
  startSlipway,
  type SettingValue,
  type SlipwayApp,
  type SlipwayOptions,
  type SlipwayProcess,
} from './processes/slipway-process.ts';
export {
  SERVICE_NAMES,
  SERVICE_TOKEN,
  servingSettings,
  startServices,
  withTokens,
  type ServiceName,
  type Services,
  type ServicesOptions,
} from './processes/services.ts';
export { type TokenHolderSpec, type Tokens } from './processes/tokens.ts';
export { type NoEngine } from './containers/engine.ts';
export { startContainers, type Containers, type ContainersOptions } from './containers/start-containers.ts';
