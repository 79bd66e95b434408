export { modelRuntimeSuite } from './model-runtime-suite.ts';
export { RUNTIME_SUITE_MODELS } from './model-runtime-models.ts';
export { eventBusSuite, type EventBusStorage } from './event-bus-suite.ts';
