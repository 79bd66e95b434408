import { session } from './api.js';
import { byId } from './elements.js';
import { clearEvents, followEvents } from './event-list.js';
import { showOverview } from './overview.js';

const REFRESH_MS = 10_000;
/** Events come in bursts; the lists are asked for once after each. */
const SETTLE_MS = 400;
/** Come by the thousand and change nothing that is shown at once; the next refresh shows what came of them. */
const QUIET = /^slipway\.(serving\.prediction\.logged|stream\.[^.]+\.(received|scored)|routing\.exposure\.logged)\.v1$/;
/** While events do not stop, the lists are asked for all the same. */
const STALE_MS = 1_500;

let current = new AbortController();
let askAgain = () => undefined;
let settling;
let waitingSince;

function showSignIn(isWanted, why) {
  byId('sign-in').hidden = !isWanted;
  byId('content').hidden = isWanted;
  byId('sign-out').hidden = isWanted || session.token === '';
  if (why) byId('sign-in-why').textContent = why;
  if (isWanted) byId('token').focus();
}

function onRefused(error) {
  if (error.status !== 401) return;
  const hadToken = session.token !== '';
  session.token = '';
  current.abort();
  showSignIn(true, hadToken ? 'That token is not valid here, or not any more.' : undefined);
}

async function load(signal) {
  try {
    await showOverview(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === undefined) byId('services').replaceChildren('The gateway does not answer.');
    else if (error.status !== 401) byId('services').replaceChildren(error.message);
    onRefused(error);
  }
}

/** One at a time, so that no older answer comes after a newer one; what is asked for meanwhile is done once more afterwards. */
function oneAtATime(work) {
  let isWanted = false;
  let running;
  const run = async () => {
    while (isWanted) {
      isWanted = false;
      await work();
    }
    running = undefined;
  };
  return () => {
    isWanted = true;
    running ??= run();
    return running;
  };
}

async function keepFresh(refresh, signal) {
  while (!signal.aborted) {
    await refresh();
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

function begin() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  showSignIn(false);
  const refresh = oneAtATime(() => load(signal));
  askAgain = () => {
    waitingSince ??= performance.now();
    clearTimeout(settling);
    const waitMs = Math.min(SETTLE_MS, Math.max(0, waitingSince + STALE_MS - performance.now()));
    settling = setTimeout(() => {
      waitingSince = undefined;
      void refresh();
    }, waitMs);
  };
  const onEvent = ({ type }) => {
    if (!QUIET.test(type)) askAgain();
  };
  void keepFresh(refresh, signal);
  void followEvents(byId('event-filter').value.trim(), onEvent, onRefused, signal);
}

byId('workspace').value = session.workspace;
byId('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  session.token = byId('token').value.trim();
  byId('token').value = '';
  begin();
});
byId('place').addEventListener('submit', (event) => {
  event.preventDefault();
  session.workspace = byId('workspace').value.trim();
  begin();
});
byId('sign-out').addEventListener('click', () => {
  session.token = '';
  begin();
});
// charts are drawn for the width there is
window.matchMedia('(max-width: 820px)').addEventListener('change', () => askAgain());
byId('event-filter').addEventListener('change', begin);
byId('event-clear').addEventListener('click', clearEvents);
begin();
