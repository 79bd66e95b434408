import type { ArtifactStorePlugin } from '@slipway/plugin-kit';
import { LocalArtifactStore } from './local-artifact-store.ts';
import { readLocalArtifactsConfig, type LocalArtifactsConfig } from './local-config.ts';

export { type LocalArtifactsConfig } from './local-config.ts';

/** Artifacts as files of this machine: `artifactStore.local`. */
export const artifactsLocalPlugin: ArtifactStorePlugin<LocalArtifactsConfig> = {
  port: 'artifact-store',
  name: 'local',
  apiVersion: 1,
  parseConfig: readLocalArtifactsConfig,
  create: (config, dependencies) => new LocalArtifactStore(config, dependencies),
};
