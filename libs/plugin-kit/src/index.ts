// Of the kernel: what the ports are written in, so that a driver needs no other package.
export {
  AlreadyExistsError,
  ConflictError,
  DataLossError,
  DeniedError,
  DomainError,
  ExhaustedError,
  FailedPreconditionError,
  InvalidArgumentError,
  NotFoundError,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  createIdSource,
  formatMicros,
  parseMicros,
  seededRandom,
  silentLogger,
  systemClock,
  systemRandom,
  NAME_PATTERN,
  SHA256_PATTERN,
  WORKSPACE_PATTERN,
  type Clock,
  type ErrorDetails,
  type ErrorKind,
  type FieldViolation,
  type IdSource,
  type Logger,
  type Micros,
  type JsonValue,
  type Random,
} from '@slipway/kernel';
export {
  type Attempt,
  type Launcher,
  type LauncherPlugin,
  type PartitionWorker,
  type WorkerModule,
  type WorkerProgram,
} from './launcher.ts';
export { type DriverDependencies, type Plugin, type PluginPackage, type PortName } from './plugin.ts';
export {
  type BusHead,
  type BusMessage,
  type Delivery,
  type DeliveryHandler,
  type EventBus,
  type EventBusPlugin,
  type PublishReceipt,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionStatus,
} from './event-bus.ts';
export {
  assertPublishable,
  assertSubscribeOptions,
  isSubject,
  isSubjectFilter,
  subjectMatches,
  HEADER_BYTES_MAX,
  IN_FLIGHT_MAX,
  SUBJECT_BYTES_MAX,
} from './event-bus-rules.ts';
export {
  HandlerTimeoutError,
  KeyedDelivery,
  type DeliverySettlement,
  type HeldMessage,
  type KeyedDeliveryCounts,
  type KeyedDeliveryOptions,
} from './keyed-delivery.ts';
export {
  artifactPath,
  type ArtifactInfo,
  type ArtifactPage,
  type ArtifactPath,
  type ArtifactStore,
  type ArtifactStorePlugin,
  type ByteRange,
  type WriteOptions,
} from './artifact-store.ts';
export { ArtifactIntake, assertByteRange, rangeBeyondEnd, type ContentDigest } from './artifact-intake.ts';
export { StartedCalls } from './started-calls.ts';
export { ARTIFACT_PAGE_SIZE_MAX, readPageStart, toPageToken } from './artifact-page-token.ts';
export {
  DATATYPES,
  type Datatype,
  type ModelSignature,
  type Tensor,
  type TensorDataByType,
  type TensorSpec,
} from './tensor.ts';
export { type LoadedModel, type ModelRuntime, type ModelRuntimePlugin } from './model-runtime.ts';
export {
  type TrainedModel,
  type Trainer,
  type TrainerPlugin,
  type TrainingColumn,
  type TrainingJob,
  type TrainingTable,
  type TrainingEnvironment,
  type TrainingRun,
} from './trainer.ts';
export { type Authenticator, type AuthenticatorPlugin, type Credentials, type Identity } from './authenticator.ts';
export {
  type Gate,
  type GateCandidate,
  type GateContext,
  type GateEvaluation,
  type GatePlugin,
  type GateVerdict,
} from './gate.ts';
export { COLUMN_TYPES, type ColumnBatch, type ColumnData, type ColumnSpec, type ColumnType } from './column.ts';
export {
  type ArrivalsJob,
  type ArrivalsResult,
  type ColumnRules,
  type IngestColumn,
  type IngestJob,
  type IngestResult,
  type JoinedView,
  type LatestRows,
  type LocalTable,
  type OfflineStore,
  type OfflineStorePlugin,
  type PointInTimeJob,
  type PointInTimeResult,
  type RejectedRow,
  type RejectionCount,
  type ViewFeature,
  type ViewTable,
  type WindowAggregation,
} from './offline-store.ts';
export {
  type OnlineOrder,
  type OnlineRead,
  type OnlineRow,
  type OnlineStore,
  type OnlineStorePlugin,
  type OnlineTable,
  type StoredRow,
} from './online-store.ts';
export {
  assertOnlineReads,
  assertOnlineRows,
  assertOnlineTable,
  compareOnlineOrder,
  greatestByKey,
  ONLINE_KEY_BYTES_MAX,
  ONLINE_NAME_BYTES_MAX,
  ONLINE_VALUES_BYTES_MAX,
} from './online-store-rules.ts';
