export { launcherProcessPlugin } from './plugin.ts';
