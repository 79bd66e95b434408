import type { JsMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { BusMessage, Delivery } from '@slipway/plugin-kit';

const ID_HEADER = 'Nats-Msg-Id';
/** Percent-encoded, because a header carries neither line breaks nor blanks at its ends. */
const KEY_HEADER = 'Slipway-Key';

/** The headers a message is stored with; the id is added by the publish call. */
export function toHeaders(message: BusMessage): MsgHdrs {
  const encoded = headers();
  encoded.set(KEY_HEADER, encodeURIComponent(message.key));
  for (const [name, value] of Object.entries(message.headers)) encoded.set(name, value);
  return encoded;
}

/** A message as it was published. One that somebody else put into the stream gets its sequence as id and its subject as key. */
export function fromStored(stored: JsMsg): BusMessage & Pick<Delivery, 'sequence' | 'storedAtMs'> {
  const own: Record<string, string> = {};
  let id = `sequence-${stored.seq}`;
  let key = stored.subject;
  for (const [name, values] of stored.headers ?? []) {
    const value = values[0] ?? '';
    if (name === ID_HEADER) id = value;
    else if (name === KEY_HEADER) key = decodeKey(value);
    else if (!name.startsWith('Nats-')) own[name] = value;
  }
  const { buffer, byteOffset, byteLength } = stored.data;
  const data = new Uint8Array(buffer, byteOffset, byteLength);
  const storedAtMs = Number(stored.timestampNanos / 1_000_000n);
  return { subject: stored.subject, id, key, headers: own, data, sequence: BigInt(stored.seq), storedAtMs };
}

function decodeKey(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // written by somebody who did not encode it: any stable text serves as a lane
  }
}
