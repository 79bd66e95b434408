export { offlineStoreDuckdbPlugin } from './plugin.ts';
export { type DuckdbConfig } from './config.ts';
