import type { ArtifactStorePlugin } from '@slipway/plugin-kit';
import { Settings } from '../settings.ts';
import { SingleFolderStore } from './single-folder-store.ts';

interface SingleFolderConfig {
  /** Where the files are; a folder of this driver below the data directory when not given. */
  readonly folder: string | undefined;
  /** Whether what was acknowledged also survives loss of power; true when not given. */
  readonly fsync: boolean;
}

/** All artifacts in one folder, each in one file that describes itself. */
export const singleFolderPlugin: ArtifactStorePlugin<SingleFolderConfig> = {
  port: 'artifact-store',
  name: 'single-folder',
  apiVersion: 1,
  parseConfig: (raw) => {
    const settings = new Settings(raw);
    const config = { folder: settings.text('folder'), fsync: settings.boolean('fsync', true) };
    settings.check();
    return config;
  },
  create: ({ folder, fsync }, dependencies) =>
    new SingleFolderStore(folder ?? dependencies.dataDirectory, fsync, dependencies),
};
