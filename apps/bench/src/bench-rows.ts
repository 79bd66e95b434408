import { batchRow } from './batch/batch-row.ts';
import type { BenchRow } from './bench-row.ts';
import { eventsRow } from './events/events-row.ts';
import { joinRow } from './features/join-row.ts';
import { onlineRow } from './features/online-row.ts';
import { inferLargeRow } from './inference/infer-large-row.ts';
import { inferRestRow } from './inference/infer-rest-row.ts';
import { inferSmallRow } from './inference/infer-small-row.ts';
import { outboxRow } from './outbox/outbox-row.ts';
import { predictRow } from './prediction/predict-row.ts';
import { decisionRow } from './routing/decision-row.ts';
import { searchRow } from './search/search-row.ts';
import { oneProcessRow } from './start/one-process-row.ts';
import { streamRow } from './streams/stream-row.ts';
import { ingestRow } from './tracking/ingest-row.ts';
import { inProcessRow } from './transports/in-process-row.ts';

/** All rows, in the order in which they run. */
export const BENCH_ROWS: readonly BenchRow[] = [
  inferSmallRow,
  inferLargeRow,
  inferRestRow,
  predictRow,
  onlineRow,
  joinRow,
  inProcessRow,
  outboxRow,
  ingestRow,
  searchRow,
  eventsRow,
  batchRow,
  streamRow,
  decisionRow,
  oneProcessRow,
];
