import { readEvents } from './api.js';
import { byId, element, grouped } from './elements.js';
import { isBad, summarise } from './summaries.js';

const SHOWN_MAX = 200;
const RECENT = 50;
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 15_000;

let lastId;
/** Of the streams before this one, each of which counts from 0, less what was there when the list was cleared. */
let countedBefore = 0;
let counted = 0;

function item({ data: event }, isNew) {
  const time = new Date(event.time);
  const summary = element(
    'summary',
    {},
    element('time', { datetime: event.time, title: event.time }, time.toLocaleTimeString([], { hour12: false })),
    element('span', { class: isBad(event) && 'bad' }, summarise(event)),
    element('span', { class: 'kind mono' }, event.type.replace(/^slipway\./, '').replace(/\.v1$/, '')),
  );
  const details = element('details', {}, summary);
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1)
      details.append(element('pre', {}, JSON.stringify(event, undefined, 2)));
  });
  return element('li', { class: isNew && 'new' }, details);
}

function show(event) {
  const list = byId('events');
  if (event.name === 'gap')
    list.prepend(element('li', { class: 'quiet' }, 'Some events in between are not kept any more.'));
  else {
    lastId = event.id;
    list.prepend(item(event, true));
  }
  while (list.children.length > SHOWN_MAX) list.lastElementChild.remove();
  byId('no-events').hidden = true;
}

/** What comes by the thousand is one line that goes on. */
function showCount() {
  const count = byId('event-count');
  const all = countedBefore + counted;
  count.hidden = all === 0;
  count.textContent = `${grouped(all)} predictions, results and exposures since you look; a filter such as stream.> shows them`;
}

function say(text, kind = '') {
  const state = byId('stream-state');
  state.textContent = text;
  state.className = `badge ${kind}`;
}

export function clearEvents() {
  byId('events').replaceChildren();
  countedBefore = -counted;
  showCount();
  byId('no-events').hidden = false;
}

/** Shows events until the signal aborts; comes back after each end of the stream. @param onEvent is told of each event, too. */
export async function followEvents(filter, onEvent, onRefused, signal) {
  lastId = undefined;
  clearEvents();
  byId('event-problem').hidden = true;
  for (let waitMs = BACKOFF_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, BACKOFF_MS_MAX)) {
    const what = filter === '' ? { telemetry: 'counted' } : { filter };
    const query = new URLSearchParams({ ...what, recent: String(RECENT) });
    countedBefore += counted;
    counted = 0;
    const receive = (event) => {
      if (event.name === 'counted') {
        counted = Number(event.data.items);
        return showCount();
      }
      show(event);
      if (event.name === 'message') onEvent(event.data);
    };
    const opened = () => {
      say('live', 'good');
      waitMs = BACKOFF_MS;
    };
    try {
      await readEvents(query, lastId, receive, opened, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status >= 400 && error.status < 500 && error.status !== 429) return refused(error, onRefused);
    }
    if (signal.aborted) return;
    say('connecting', 'warn');
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function refused(error, onRefused) {
  say('off', 'bad');
  const problem = byId('event-problem');
  problem.textContent = error.message;
  problem.hidden = false;
  onRefused(error);
}
