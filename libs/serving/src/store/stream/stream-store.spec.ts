import { join } from 'node:path';
import { temporaryDirectory } from '@slipway/testing';
import { afterAll } from 'vitest';
import { streamStoreSuite } from '../../testing/stream/stream-store-suite.ts';

const directory = temporaryDirectory();
let files = 0;
afterAll(() => directory.remove());

streamStoreSuite('SQLite', () =>
  Promise.resolve({ driver: 'sqlite', file: join(directory.path, `${(files += 1)}.db`) }),
);
