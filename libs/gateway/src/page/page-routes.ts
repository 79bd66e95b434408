import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpRoute } from '@slipway/platform';

/** Everything the page consists of; nothing else of the folder is served. */
const FILES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'api.js': 'text/javascript; charset=utf-8',
  'event-list.js': 'text/javascript; charset=utf-8',
  'summaries.js': 'text/javascript; charset=utf-8',
  'overview.js': 'text/javascript; charset=utf-8',
  'elements.js': 'text/javascript; charset=utf-8',
  'objectives.js': 'text/javascript; charset=utf-8',
  'chart.js': 'text/javascript; charset=utf-8',
  'work.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Only our own files run, nothing is fetched from elsewhere, nobody frames the page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/**
 * The page and its files, read once. They are public: what they show, they ask for with the token of the person who looks.
 * @param folder that holds them. @throws {Error} when one is missing.
 */
export function pageRoutes(folder: string): HttpRoute[] {
  return Object.entries(FILES).map(([name, contentType]) => {
    const body = readFileSync(join(folder, name));
    return {
      method: 'GET',
      path: name === 'index.html' ? '/' : `/page/${name}`,
      permission: 'public',
      isPage: name === 'index.html',
      handle: async () => ({ contentType, headers: PAGE_HEADERS, body }),
    };
  });
}

/** Beside this module, and beside the bundle of an app, which copies the folder there. */
export function pageFolder(): string {
  return join(import.meta.dirname, 'gateway-page');
}
