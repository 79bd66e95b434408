import { InvalidArgumentError, type Clock } from '@slipway/kernel';
import type { HttpRequest, HttpRoute } from '@slipway/platform';
import type { EventFeed } from './event-feed.ts';
import type { FeedEvent } from './event-ring.ts';
import type { FeedReader } from './feed-reader.ts';
import { readSubjectPattern, type SubjectPattern } from './subject-pattern.ts';

/** Proxies and browsers take a silent connection for a dead one. */
const HEARTBEAT_MS = 15_000;
/** A revoked token must not listen for ever; who comes back has missed nothing. */
const STREAM_MS = 15 * 60_000;
const RECENT_MAX = 1_000;
const RETRY_MS = 2_000;
const EVENTS_PERMISSION = 'events.read';

interface Wanted {
  readonly pattern: SubjectPattern | undefined;
  /** Position after which to go on. */
  readonly since: bigint | undefined;
  /** Older events to begin with. */
  readonly recent: number;
}

/**
 * `GET /events`: CloudEvents of the caller's workspace as server-sent events. `?filter=registry.>` picks by subject, `?recent=50` begins with
 * the last ones, `Last-Event-ID` goes on where a client left; an event named `gap` says that some are not to be had any more.
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
      const reader = feed.join((event) => event.workspace === workspace && (wanted.pattern?.(event.tokens) ?? true));
      request.signal.addEventListener('abort', () => feed.leave(reader), { once: true });
      const body = stream(feed, reader, wanted, request, clock);
      return { contentType: 'text/event-stream', headers: { 'x-accel-buffering': 'no' }, body };
    },
  };
}

const QUERY = new Set(['filter', 'recent']);

function readWanted({ query, header }: HttpRequest): Wanted {
  for (const name of new Set(query.keys())) {
    if (!QUERY.has(name)) throw InvalidArgumentError.of(name, 'is not a parameter; there are filter and recent');
    if (query.getAll(name).length > 1) throw InvalidArgumentError.of(name, 'may be given once');
  }
  const filter = query.get('filter');
  const recent = query.get('recent') ?? '0';
  if (!/^\d{1,4}$/.test(recent) || Number(recent) > RECENT_MAX) {
    throw InvalidArgumentError.of('recent', `must be a whole number of at most ${RECENT_MAX}`);
  }
  const last = header('last-event-id');
  if (last !== undefined && !/^\d{1,19}$/.test(last)) {
    throw InvalidArgumentError.of('last-event-id', 'must be the id of an event of this stream');
  }
  return {
    pattern: filter === null ? undefined : readSubjectPattern(filter),
    since: last === undefined ? undefined : BigInt(last),
    recent: Number(recent),
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
  const beating = beat(reader, clock, over.signal);
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
      if (events.length > 0) yield events.map(format).join('');
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

/** Wakes the reader so that it says something when nothing happens. */
function beat(reader: FeedReader, clock: Clock, signal: AbortSignal): { isDue(): boolean } {
  let isDue = false;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, signal);
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

const format = ({ sequence, json }: FeedEvent): string => `id: ${sequence}\ndata: ${json}\n\n`;
