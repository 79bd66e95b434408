/** Writes `docs/events.md` from the event catalogue. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentEvents } from '../src/events/document-events.ts';

writeFileSync(join(import.meta.dirname, '../../../docs/events.md'), documentEvents());
