import type { PluginPackage } from '@slipway/plugin-kit';
import { singleFolderPlugin } from './artifact-store/plugin.ts';
import { signedPlugin } from './authenticator/plugin.ts';
import { jsonLinesPlugin } from './event-bus/plugin.ts';
import { everyDatasetPlugin } from './gate.ts';
import { tensorJsonPlugin } from './model-runtime/plugin.ts';
import { newtonPlugin } from './trainer/plugin.ts';

export { signToken } from './authenticator/token.ts';
export { everyDatasetPlugin, jsonLinesPlugin, newtonPlugin, signedPlugin, singleFolderPlugin, tensorJsonPlugin };

/** What Slipway looks for. */
export default {
  plugins: [jsonLinesPlugin, singleFolderPlugin, tensorJsonPlugin, newtonPlugin, signedPlugin, everyDatasetPlugin],
} satisfies PluginPackage;
