import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import {
  registryService,
  type CreateModelVersionRequest,
  type RegistryService,
} from '@slipway/contracts/slipway.registry.v1';
import { seededRandom } from '@slipway/kernel';
import { sampleGraph } from '@slipway/registry/testing';
import type { Journal } from './journal.ts';
import { untilAnswered } from './persistent-call.ts';

export interface LoadOptions {
  readonly address: string;
  readonly tokens: { readonly alice: string; readonly bob: string };
  readonly clients: number;
  readonly seed: number;
  /** Pause of a client between two calls. */
  readonly thinkMs: number;
  readonly journal: Journal;
}

export interface Load {
  /** Begins no further call and resolves when each one begun has its answer. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

const ALIASES = ['champion', 'challenger'] as const;
const CALL_TIMEOUT_MS = 10_000;

interface Approved {
  readonly model: string;
  readonly version: string;
  readonly alias: string;
}

/** What all clients have made together; each of them goes on with what any of them made. */
interface Shared {
  readonly options: LoadOptions;
  readonly models: string[];
  readonly versions: { readonly model: string; readonly version: string }[];
  readonly approved: Approved[];
}

/** Clients that create, upload, approve, move and tag side by side. Each call is made until it is answered. */
export function startLoad(options: LoadOptions): Load {
  const shared: Shared = { options, models: [], versions: [], approved: [] };
  const stopping = new AbortController();
  const clients = Array.from({ length: options.clients }, (_, index) => new LoadClient(shared, index));
  const all = Promise.all(clients.map((client) => client.run(stopping.signal)));
  all.catch(() => undefined); // reported by `stop`
  return {
    stop: async () => {
      stopping.abort();
      await all;
    },
    close: async () => {
      stopping.abort();
      await Promise.all(clients.map((client) => client.close()));
      await all.catch(() => undefined); // of no interest to who gives up
    },
  };
}

class LoadClient {
  readonly #shared: Shared;
  readonly #name: string;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #transports;
  readonly #alice: Client<RegistryService>;
  readonly #bob: Client<RegistryService>;
  #count = 0;

  constructor(shared: Shared, index: number) {
    const { address, tokens, seed } = shared.options;
    this.#shared = shared;
    this.#name = `client-${index}`;
    this.#random = seededRandom(seed * 1_000 + index);
    const connect = (token: string) =>
      grpcTransport({ address, token: () => token, defaultTimeoutMs: CALL_TIMEOUT_MS });
    this.#transports = { alice: connect(tokens.alice), bob: connect(tokens.bob) };
    this.#alice = createClient(registryService, this.#transports.alice);
    this.#bob = createClient(registryService, this.#transports.bob);
  }

  async run(stopping: AbortSignal): Promise<void> {
    await this.#createModel();
    while (!stopping.aborted) {
      await this.#step(this.#random.next());
      await delay(this.#shared.options.thinkMs * 2 * this.#random.next());
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#transports.alice.close(), this.#transports.bob.close()]);
  }

  #step(dice: number): Promise<void> {
    if (dice < 0.03) return this.#createModel();
    if (dice < 0.3) return this.#createVersion();
    if (dice < 0.55) return this.#approve();
    if (dice < 0.75) return this.#move();
    if (dice < 0.9) return this.#tagModel();
    return this.#tagVersion();
  }

  #requestId(): string {
    this.#count += 1;
    return `${this.#shared.options.seed}-${this.#name}-${this.#count}`;
  }

  /** One of the newest, so that clients meet. */
  #pick<Item>(items: readonly Item[]): Item | undefined {
    const newest = items.slice(-24);
    return newest[Math.floor(this.#random.next() * newest.length)];
  }

  async #createModel(): Promise<void> {
    const { models, options } = this.#shared;
    const request_id = this.#requestId();
    const request = { name: `m-${request_id}`, description: `made by ${request_id}`, request_id };
    const answer = await untilAnswered(() => this.#alice.createRegisteredModel(request), options.journal);
    if (!answer?.model) return;
    options.journal.addModel(answer.model);
    models.push(request.name);
  }

  async #createVersion(): Promise<void> {
    const { models, versions, options } = this.#shared;
    const model = this.#pick(models);
    if (model === undefined) return;
    const request_id = this.#requestId();
    const graph = sampleGraph(1 + this.#count + 1_000 * Number(this.#name.slice(7)));
    const upload = () => this.#alice.createModelVersion(partsOf(model, graph, request_id));
    const answer = await untilAnswered(upload, options.journal);
    if (!answer?.version) return;
    options.journal.addVersion(answer.version);
    versions.push({ model, version: answer.version.version });
  }

  async #approve(): Promise<void> {
    const { versions, approved, options } = this.#shared;
    const version = this.#pick(versions);
    const alias = this.#pick(ALIASES);
    if (!version || !alias) return;
    const request_id = this.#requestId();
    const request = { ...version, alias, comment: `looked at by ${request_id}`, request_id };
    const answer = await untilAnswered(() => this.#bob.approveModelVersion(request), options.journal);
    if (!answer?.approval) return;
    options.journal.approvals.push(answer.approval);
    approved.push({ ...version, alias });
  }

  async #move(): Promise<void> {
    const { approved, options } = this.#shared;
    const target = this.#pick(approved);
    if (!target) return;
    const request = { ...target, request_id: this.#requestId() };
    const answer = await untilAnswered(() => this.#alice.moveAlias(request), options.journal);
    if (answer?.alias) options.journal.addMove(answer.alias);
  }

  async #tagModel(): Promise<void> {
    const { models, options } = this.#shared;
    const name = this.#pick(models);
    if (name === undefined) return;
    const request_id = this.#requestId();
    const request = { name, set_tags: { [this.#name]: request_id }, request_id };
    const answer = await untilAnswered(() => this.#alice.updateRegisteredModel(request), options.journal);
    if (answer) options.journal.addTag('models', name, this.#name, request_id);
  }

  async #tagVersion(): Promise<void> {
    const { versions, options } = this.#shared;
    const version = this.#pick(versions);
    if (!version) return;
    const request_id = this.#requestId();
    const request = { ...version, set_tags: { [this.#name]: request_id }, request_id };
    const answer = await untilAnswered(() => this.#alice.updateModelVersion(request), options.journal);
    if (answer) options.journal.addTag('versions', `${version.model}/${version.version}`, this.#name, request_id);
  }
}

/** An upload in small chunks, so that a kill finds it half way. */
async function* partsOf(
  model: string,
  graph: Uint8Array,
  request_id: string,
): AsyncIterable<CreateModelVersionRequest> {
  const sha256 = createHash('sha256').update(graph).digest('hex');
  yield {
    header: {
      model,
      description: `version of ${request_id}`,
      files: [{ path: 'model.onnx', bytes: String(graph.length), sha256 }],
      graph: 'model.onnx',
      run_id: request_id,
      request_id,
    },
  };
  for (let from = 0; from < graph.length; from += 64) yield { chunk: Buffer.from(graph.subarray(from, from + 64)) };
  yield { file_end: true };
}
