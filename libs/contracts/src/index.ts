export { fileDescriptorSet } from './generated/file-descriptors.ts';
export { messageType, packageDefinition, protoRoot } from './schema.ts';
export {
  describeService,
  type MethodDescriptor,
  type MethodKind,
  type MethodShape,
  type ServiceDescriptor,
} from './service.ts';
export {
  aliasMoved,
  approvalGranted,
  approvalRejected,
  contractViolated,
  decisionMade,
  deliveryDead,
  driftDetected,
  EVENT_CATALOGUE,
  eventScored,
  exposureLogged,
  jobChanged,
  modelChanged,
  modelFailed,
  modelLoaded,
  outcomeObserved,
  performanceDegraded,
  pipelineChanged,
  positionCommitted,
  predictionLogged,
  predictionsLoaded,
  repositoryApplied,
  rowsIngested,
  runFinished,
  trainingSetCreated,
  versionCreated,
  versionDeleted,
  viewMaterialized,
  windowClosed,
} from './events/catalogue.ts';
export { escapeKey, subjectFilter, subjectOf } from './events/subject.ts';
export {
  CLOUD_EVENT_CONTENT_TYPE,
  decodePayload,
  encodePayload,
  parseCloudEvent,
  recordEvent,
  toBusMessage,
  toCloudEvent,
  type CloudEvent,
} from './events/cloud-event.ts';
export { encodeCheck } from './validation/encode-check.ts';
export { requestRules } from './validation/request-rules.ts';
