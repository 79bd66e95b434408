import { parseCloudEvent } from '@slipway/contracts';
import type { Delivery } from '@slipway/plugin-kit';
import { countItems, isTelemetry } from './telemetry.ts';

/** An event as it goes to pages. */
export interface FeedEvent {
  /** Position in the log of the bus; order of arrival may differ from it between keys. */
  readonly sequence: bigint;
  readonly workspace: string;
  /** Of the subject after the workspace. */
  readonly tokens: readonly string[];
  /** Comes by the thousand: see `isTelemetry`. */
  readonly isTelemetry: boolean;
  /** Near the characters of `json`; bounds what is kept. */
  readonly size: number;
  /** CloudEvent as one line of JSON; undefined when the message is none after all, which only telemetry finds out this late. */
  readonly json: string | undefined;
  /** Predictions, results or exposures that it tells of. */
  readonly items: number;
}

const SUBJECT = /^slipway\.v\d+\.([a-z0-9-]+)\.(.+)$/;

/** Read when somebody asks: large and many, and mostly nobody does. */
class TelemetryEvent implements FeedEvent {
  readonly isTelemetry = true;
  readonly sequence: bigint;
  readonly workspace: string;
  readonly tokens: readonly string[];
  readonly size: number;
  readonly #data: Buffer;
  readonly #headers: Delivery['headers'];
  #items: number | undefined;

  constructor(delivery: Delivery, workspace: string, tokens: readonly string[]) {
    this.sequence = delivery.sequence;
    this.workspace = workspace;
    this.tokens = tokens;
    this.size = delivery.data.length;
    this.#data = Buffer.from(delivery.data); // a copy: what a driver hands out may be part of something larger
    this.#headers = delivery.headers;
  }

  get json(): string | undefined {
    try {
      return JSON.stringify(parseCloudEvent(this.#data, this.#headers));
    } catch {
      return undefined;
    }
  }

  get items(): number {
    this.#items ??= this.#count();
    return this.#items;
  }

  #count(): number {
    try {
      return countItems(parseCloudEvent(this.#data, this.#headers).data);
    } catch {
      return 0;
    }
  }
}

/** Undefined for what is no CloudEvent on a subject of ours. Whose it is, the subject says: only the bus checks who may publish there. */
export function readDelivery(delivery: Delivery): FeedEvent | undefined {
  const { subject, data, headers, sequence } = delivery;
  const [, workspace, rest] = SUBJECT.exec(subject) ?? [];
  if (workspace === undefined || rest === undefined) return undefined;
  const tokens = rest.split('.');
  if (isTelemetry(tokens)) return new TelemetryEvent(delivery, workspace, tokens);
  try {
    const json = JSON.stringify(parseCloudEvent(data, headers));
    return { sequence, workspace, tokens, isTelemetry: false, size: json.length, json, items: 1 };
  } catch {
    return undefined;
  }
}
