import { InvalidArgumentError, type Clock } from '@slipway/kernel';
import type { HttpRequest, HttpRoute } from '@slipway/platform';
import type { EventFeed } from './event-feed.ts';
import type { FeedEvent } from './feed-event.ts';
import type { FeedReader } from './feed-reader.ts';
import { readSubjectPattern, type SubjectPattern } from './subject-pattern.ts';

/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000;
/** A revoked token must not listen for ever; who comes back has missed nothing. */
const STREAM_MS = 15 * 60_000;
const RECENT_MAX = 1_000;
const RETRY_MS = 2_000;
/** Between two counts of telemetry: people cannot read faster. */
const COUNT_MS = 1_000;
const EVENTS_PERMISSION = 'events.read';

interface Wanted {
  readonly pattern: SubjectPattern | undefined;
  /** Position after which to go on. */
  readonly since: bigint | undefined;
  /** Older events to begin with. */
  readonly recent: number;
  readonly countsTelemetry: boolean;
}

/**
 * `GET /events`: CloudEvents of the caller's workspace as server-sent events. `?filter=registry.>` picks by subject, `?recent=50` begins with
 * the last ones, `Last-Event-ID` goes on where a client left; an event named `gap` says that some are not to be had any more. With
 * `?telemetry=counted` predictions, results of streams and exposures are not sent: events named `counted` tell how many there were since the
 * stream began.
 */
export function eventsRoute(feed: EventFeed, clock: Clock): HttpRoute {
  return {
    method: 'GET',
    path: '/events',
    permission: EVENTS_PERMISSION,
    handle: async (request) => {
      const wanted = readWanted(request);
      const { workspace } = request.caller;
      // joined before anything is sent, so that a refusal is a status
      const reader = feed.join({
        wants: (event) => event.workspace === workspace && (wanted.pattern?.(event.tokens) ?? true),
        countsTelemetry: wanted.countsTelemetry,
      });
      request.signal.addEventListener('abort', () => feed.leave(reader), { once: true });
      const body = stream(feed, reader, wanted, request, clock);
      return { contentType: 'text/event-stream', headers: { 'x-accel-buffering': 'no' }, body };
    },
  };
}

const QUERY = new Set(['filter', 'recent', 'telemetry']);

function readWanted({ query, header }: HttpRequest): Wanted {
  for (const name of new Set(query.keys())) {
    if (!QUERY.has(name))
      throw InvalidArgumentError.of(name, 'is not a parameter; there are filter, recent and telemetry');
    if (query.getAll(name).length > 1) throw InvalidArgumentError.of(name, 'may be given once');
  }
  const filter = query.get('filter');
  const recent = query.get('recent') ?? '0';
  if (!/^\d{1,4}$/.test(recent) || Number(recent) > RECENT_MAX) {
    throw InvalidArgumentError.of('recent', `must be a whole number of at most ${RECENT_MAX}`);
  }
  const telemetry = query.get('telemetry');
  if (telemetry !== null && telemetry !== 'counted') {
    throw InvalidArgumentError.of('telemetry', 'must be counted; leave it out to be sent everything');
  }
  const last = header('last-event-id');
  if (last !== undefined && !/^\d{1,19}$/.test(last)) {
    throw InvalidArgumentError.of('last-event-id', 'must be the id of an event of this stream');
  }
  return {
    pattern: filter === null ? undefined : readSubjectPattern(filter),
    since: last === undefined ? undefined : BigInt(last),
    recent: Number(recent),
    countsTelemetry: telemetry === 'counted',
  };
}

async function* stream(
  feed: EventFeed,
  reader: FeedReader,
  { since, recent }: Wanted,
  { signal, draining }: HttpRequest,
  clock: Clock,
): AsyncGenerator<string, void, undefined> {
  const over = new AbortController();
  const end = (): void => {
    over.abort();
    reader.wake();
  };
  signal.addEventListener('abort', end, { once: true });
  draining.addEventListener('abort', end, { once: true });
  if (signal.aborted || draining.aborted) end();
  const untilMs = clock.monotonicMs() + STREAM_MS;
  const beating = beat(reader, clock, HEARTBEAT_MS, over.signal);
  const counting = reader.countsTelemetry ? beat(reader, clock, COUNT_MS, over.signal) : undefined;
  const count = counter(reader);
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    const missed =
      since === undefined ? { events: feed.recent(reader, recent), hasGap: false } : feed.replay(reader, since);
    if (missed.hasGap) yield 'event: gap\ndata: {}\n\n';
    // what came meanwhile is in the queue as well as in the replay
    const known = new Set(missed.events.map(({ sequence }) => sequence));
    for (const event of missed.events) yield format(event);
    while (!over.signal.aborted && !reader.dropped && clock.monotonicMs() < untilMs) {
      const events = reader.take().filter(({ sequence }) => !known.delete(sequence));
      const text = events.map(format).join('') + (counting?.isDue() === true ? count() : '');
      if (text !== '') yield text;
      else if (beating.isDue()) yield ': still here\n\n';
      await reader.wait();
    }
  } finally {
    feed.leave(reader);
    end();
    signal.removeEventListener('abort', end);
    draining.removeEventListener('abort', end);
  }
}

/** Wakes the reader again and again, so that it says something when nothing happens. */
function beat(reader: FeedReader, clock: Clock, everyMs: number, signal: AbortSignal): { isDue(): boolean } {
  let isDue = false;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal);
      isDue = true;
      reader.wake();
    }
  };
  run().catch(() => undefined); // the only failure is the end of the stream
  return {
    isDue: () => {
      const was = isDue;
      isDue = false;
      return was;
    },
  };
}

/** Tells what was counted when there is more of it than last time. */
function counter(reader: FeedReader): () => string {
  let told = 0;
  return () => {
    if (reader.counted === told) return '';
    told = reader.counted;
    return `event: counted\ndata: {"items":"${told}"}\n\n`;
  };
}

/** Nothing for telemetry that turns out to be no event. */
const format = ({ sequence, json }: FeedEvent): string =>
  json === undefined ? '' : `id: ${sequence}\ndata: ${json}\n\n`;
