/** Kept for this tab alone. */
const TOKEN = 'slipway-token';
const WORKSPACE = 'slipway-workspace';
const SILENCE_MS = 45_000; // three heartbeats

/** What the server refused, with the code of the Connect protocol. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN) ?? '';
  },
  set token(value) {
    if (value === '') sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  },
  get workspace() {
    return sessionStorage.getItem(WORKSPACE) ?? '';
  },
  set workspace(value) {
    if (value === '') sessionStorage.removeItem(WORKSPACE);
    else sessionStorage.setItem(WORKSPACE, value);
  },
};

function headers(more = {}) {
  const all = { ...more };
  if (session.token !== '') all.authorization = `Bearer ${session.token}`;
  if (session.workspace !== '') all['slipway-workspace'] = session.workspace;
  return all;
}

async function answerOf(response) {
  if (response.ok) return response;
  const { code = 'unknown', message = response.statusText } = await response.json().catch(() => ({}));
  throw new Refusal(response.status, code, message);
}

/** GET of JSON. */
export async function read(path, signal) {
  return (await answerOf(await fetch(path, { headers: headers(), signal }))).json();
}

/** Calls a unary method, e.g. `slipway.registry.v1.RegistryService/ListRegisteredModels`. */
export async function call(method, message, signal) {
  const options = {
    method: 'POST',
    headers: headers({ 'content-type': 'application/json', 'connect-timeout-ms': '10000' }),
    body: JSON.stringify(message),
    signal,
  };
  return (await answerOf(await fetch(`/${method}`, options))).json();
}

/**
 * Reads server-sent events until the stream ends. EventSource cannot show a token, so the format is read here.
 * @param onEvent gets {id, name, data}; data is parsed. @param onOpen is called once the server has answered.
 */
export async function readEvents(query, lastId, onEvent, onOpen, signal) {
  const more = lastId === undefined ? {} : { 'last-event-id': lastId };
  const response = await answerOf(await fetch(`/events?${query}`, { headers: headers(more), signal }));
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await withinSilence(reader);
    if (done) return;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const event of blocks.map(parseBlock)) if (event.data !== undefined) onEvent(event);
  }
}

/** A connection that died without a word looks like one that has nothing to say, but for the heartbeats. */
async function withinSilence(reader) {
  let timer;
  const silent = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the server fell silent')), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), silent]);
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function parseBlock(block) {
  const event = { id: undefined, name: 'message', data: undefined };
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'id') event.id = value;
    else if (field === 'event') event.name = value;
    else if (field === 'data') event.data = JSON.parse(value);
  }
  return event;
}
