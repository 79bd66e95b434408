export { modelRuntimeSuite, type RuntimeSuiteModels } from './model-runtime-suite.ts';
export { RUNTIME_SUITE_MODELS } from './model-runtime-models.ts';
export { eventBusSuite, type EventBusStorage } from './event-bus-suite.ts';
export { trainerSuite, type TrainerSuiteSubject } from './trainer-suite.ts';
export { artifactStoreSuite, type ArtifactStoreSuiteOptions } from './artifact-store-suite.ts';
export { type ArtifactStorage } from './artifact-store-harness.ts';
export { authenticatorSuite, type AuthenticatorSubject } from './authenticator.ts';
export { gateSuite, type GateSubject } from './gate.ts';
