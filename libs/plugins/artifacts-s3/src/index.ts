import type { ArtifactStorePlugin } from '@slipway/plugin-kit';
import { S3ArtifactStore } from './s3-artifact-store.ts';
import { readS3ArtifactsConfig, type S3ArtifactsConfig } from './s3-config.ts';

export { type S3ArtifactsConfig } from './s3-config.ts';

/** Artifacts as objects of an S3 bucket: `artifactStore.s3`. */
export const artifactsS3Plugin: ArtifactStorePlugin<S3ArtifactsConfig> = {
  port: 'artifact-store',
  name: 's3',
  apiVersion: 1,
  parseConfig: readS3ArtifactsConfig,
  create: (config, dependencies) => new S3ArtifactStore(config, dependencies),
};
