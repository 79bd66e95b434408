import { ARTIFACT_SABOTEURS } from './catalogue/artifacts.ts';
import { BATCH_SABOTEURS } from './catalogue/batch.ts';
import { EVENT_BUS_SABOTEURS } from './catalogue/event-bus.ts';
import { FEATURE_SABOTEURS } from './catalogue/features.ts';
import { GATEWAY_SABOTEURS } from './catalogue/gateway.ts';
import { METADATA_SABOTEURS } from './catalogue/metadata.ts';
import { MLFLOW_SABOTEURS } from './catalogue/mlflow.ts';
import { MODEL_PACKAGE_SABOTEURS } from './catalogue/model-package.ts';
import { MONITORING_SABOTEURS } from './catalogue/monitoring.ts';
import { PIPELINE_SABOTEURS } from './catalogue/pipelines.ts';
import { PLATFORM_SABOTEURS } from './catalogue/platform.ts';
import { REGISTRY_SABOTEURS } from './catalogue/registry.ts';
import { ROUTING_SABOTEURS } from './catalogue/routing.ts';
import { SERVING_SABOTEURS } from './catalogue/serving.ts';
import { STORE_SABOTEURS } from './catalogue/stores.ts';
import { STREAM_SABOTEURS } from './catalogue/streams.ts';
import { TRACKING_SABOTEURS } from './catalogue/tracking.ts';
import { TRAINING_SABOTEURS } from './catalogue/training.ts';
import type { Saboteur } from './saboteur.ts';

/** Every guard whose loss a suite must notice, in the order in which they are tried. */
export const SABOTEURS: readonly Saboteur[] = [
  ...METADATA_SABOTEURS,
  ...EVENT_BUS_SABOTEURS,
  ...ARTIFACT_SABOTEURS,
  ...MLFLOW_SABOTEURS,
  ...MODEL_PACKAGE_SABOTEURS,
  ...REGISTRY_SABOTEURS,
  ...SERVING_SABOTEURS,
  ...PLATFORM_SABOTEURS,
  ...GATEWAY_SABOTEURS,
  ...TRAINING_SABOTEURS,
  ...STORE_SABOTEURS,
  ...FEATURE_SABOTEURS,
  ...TRACKING_SABOTEURS,
  ...BATCH_SABOTEURS,
  ...STREAM_SABOTEURS,
  ...ROUTING_SABOTEURS,
  ...MONITORING_SABOTEURS,
  ...PIPELINE_SABOTEURS,
];
