import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageType, protoRoot } from '@slipway/contracts';
import { startSlipway, type SettingValue, type SlipwayProcess } from '@slipway/testing';
import type protobuf from 'protobufjs';
import { passThroughModel, onnxModel } from './onnx-bytes.ts';
import { codeName, findLeak, readRefusal, type Refusal } from './refusal.ts';
import { frame, WireClient, type WireAnswer, type WireCall } from './wire-client.ts';

/** Everybody who calls. `carol` has a workspace of her own; the token of `past` has expired. */
export const HOLDERS = {
  alice: { roles: ['editor'] },
  bob: { roles: ['approver'] },
  vic: { roles: ['viewer'] },
  aud: { roles: ['auditor'] },
  pia: { roles: ['predictor'] },
  sue: { roles: ['service'] },
  nil: { roles: [] },
  root: { roles: ['admin'] },
  carol: { roles: ['editor', 'approver', 'auditor'], workspaces: ['other'] },
  past: { roles: ['admin'], expires: '2020-01-01T00:00:00Z' },
} as const;
export type Holder = keyof typeof HOLDERS;

/** One method that is served. */
export interface ServedMethod {
  readonly path: string;
  readonly service: string;
  readonly method: protobuf.Method;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  readonly permission: string;
  readonly listener: 'grpc' | 'inference';
}

/** Services of ours that this build may serve, and where. */
const SERVICES: readonly (readonly [name: string, listener: ServedMethod['listener']])[] = [
  ['slipway.registry.v1.RegistryService', 'grpc'],
  ['slipway.registry.v1.WebhookService', 'grpc'],
  ['slipway.tracking.v1.TrackingService', 'grpc'],
  ['slipway.features.v1.FeatureStoreService', 'grpc'],
  ['slipway.routing.v1.RoutingService', 'grpc'],
  ['slipway.monitoring.v1.MonitorService', 'grpc'],
  ['slipway.batch.v1.BatchService', 'grpc'],
  ['slipway.batch.v1.PipelineService', 'grpc'],
  ['slipway.serving.v1.PredictionService', 'inference'],
  ['slipway.serving.v1.StreamService', 'inference'],
  ['inference.GRPCInferenceService', 'inference'],
  ['slipway.common.v1.OperationService', 'grpc'],
  ['slipway.audit.v1.AuditService', 'grpc'],
];

const methodsOf = ([service, listener]: (typeof SERVICES)[number]): ServedMethod[] =>
  protoRoot.lookupService(service).methodsArray.map((each) => {
    const method = each.resolve() as protobuf.Method;
    return {
      path: `/${service}/${method.name}`,
      service,
      method,
      listener,
      request: method.resolvedRequestType as protobuf.Type,
      response: method.resolvedResponseType as protobuf.Type,
      permission: String(method.options?.['(slipway.common.v1.permission)']),
    };
  });

export type Fields = Record<string, unknown>;
export interface Answer extends Refusal {
  readonly wire: WireAnswer;
  /** Messages of the answer as plain objects, int64 as text. */
  readonly messages: readonly Fields[];
  /** The first of them, or an empty object. */
  readonly first: Fields;
}

export const REGISTRY = '/slipway.registry.v1.RegistryService/';
export const INFERENCE = '/inference.GRPCInferenceService/';
const UPLOAD = 'slipway.registry.v1.CreateModelVersionRequest';

export const encode = (type: protobuf.Type, message: Fields): Buffer =>
  Buffer.from(type.encode(type.fromObject(message)).finish());
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A running server with one model in each of two workspaces, and a connection to each listener. */
export class SlipwayUnderTest {
  readonly process: SlipwayProcess<Holder>;
  readonly methods: readonly ServedMethod[];
  readonly secrets: readonly string[];
  readonly #clients: Record<ServedMethod['listener'], WireClient>;
  readonly #byPath: ReadonlyMap<string, ServedMethod>;

  private constructor(process: SlipwayProcess<Holder>, methods: readonly ServedMethod[]) {
    this.process = process;
    this.methods = methods;
    this.secrets = [...Object.values(process.tokens), process.directory, import.meta.dirname];
    this.#byPath = new Map(methods.map((method) => [method.path, method]));
    this.#clients = { grpc: new WireClient(process.grpcAddress), inference: new WireClient(process.inferenceAddress) };
  }

  /** Seeds model `flights` (two versions, champion served) and, in the other workspace, `secrets`. */
  static async start(settings: Readonly<Record<string, SettingValue>> = {}): Promise<SlipwayUnderTest> {
    const process = await startSlipway({
      app: 'slipway',
      tokens: HOLDERS,
      settings: { 'registry.approvals-required': 1, ...settings },
    });
    const candidates = SERVICES.flatMap(methodsOf);
    const probe = new SlipwayUnderTest(process, candidates);
    const served: ServedMethod[] = [];
    for (const method of candidates) {
      // without credentials a served method answers UNAUTHENTICATED or, when public, OK; any other is not there
      const { code } = await probe.raw(method.path, { body: [frame(Buffer.alloc(0))] });
      if (codeName(code) !== 'UNIMPLEMENTED') served.push(method);
    }
    probe.close();
    const made = new SlipwayUnderTest(process, served);
    await made.#seed();
    return made;
  }

  method(path: string): ServedMethod {
    const method = this.#byPath.get(path);
    if (!method) throw new Error(`${path} is not served`);
    return method;
  }

  token(holder: Holder): string {
    return this.process.tokens[holder];
  }

  /** Any bytes to any path, on the connection that all calls share. */
  raw(path: string, call: WireCall): Promise<WireAnswer> {
    const listener = this.#byPath.get(path)?.listener ?? 'grpc';
    if (!this.#clients[listener].isOpen) {
      const { grpcAddress, inferenceAddress } = this.process;
      this.#clients[listener] = new WireClient(listener === 'grpc' ? grpcAddress : inferenceAddress);
    }
    return this.#clients[listener].call(path, call);
  }

  /** True while both connections are the ones that were opened first or since the last refusal of a whole connection. */
  isConnected(path: string): boolean {
    return this.#clients[this.#byPath.get(path)?.listener ?? 'grpc'].isOpen;
  }

  async call(
    path: string,
    message: Fields | readonly Fields[],
    holder: Holder | undefined = 'root',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { request } = this.method(path);
    const body = (Array.isArray(message) ? (message as Fields[]) : [message as Fields]).map((each) =>
      frame(encode(request, each)),
    );
    return this.answer(path, { body, token: this.token(holder), headers });
  }

  async answer(path: string, call: WireCall): Promise<Answer> {
    const wire = await this.raw(path, call);
    const { response } = this.method(path);
    const options = { longs: String, enums: String, defaults: true, oneofs: true };
    const messages = wire.messages.map((bytes) => response.toObject(response.decode(bytes), options));
    return { ...readRefusal(wire), wire, messages, first: messages[0] ?? {} };
  }

  leakIn(answer: WireAnswer): string | undefined {
    return findLeak(answer, this.secrets);
  }

  /** @throws {Error} when a call that is right does not succeed on the same connection. */
  async assertAlive(listener: ServedMethod['listener']): Promise<void> {
    const { code, message } =
      listener === 'grpc'
        ? await this.call(`${REGISTRY}GetRegisteredModel`, { name: 'flights' })
        : await this.call(`${INFERENCE}ModelReady`, { name: 'flights' });
    if (code !== 'OK') throw new Error(`the next valid call failed: ${code} ${message}`);
  }

  close(): void {
    for (const client of Object.values(this.#clients)) client.close();
  }

  async stop(): Promise<void> {
    this.close();
    await this.process.stop();
  }

  async #seed(): Promise<void> {
    await this.expectOk(this.call(`${REGISTRY}CreateRegisteredModel`, { name: 'flights' }, 'alice'));
    await this.expectOk(this.upload({ model: 'flights' }, passThroughModel()));
    await this.expectOk(this.upload({ model: 'flights' }, onnxModel()));
    await this.promote('flights', 1, 'champion', 'alice', 'bob');
    await this.expectOk(this.call(`${REGISTRY}CreateRegisteredModel`, { name: 'secrets' }, 'carol'));
    await this.expectOk(this.upload({ model: 'secrets' }, onnxModel(), 'carol'));
  }

  /** Approves, moves and waits until the alias answers. */
  async promote(model: string, version: number, alias: string, mover: Holder, approver: Holder): Promise<void> {
    const at = { model, version, alias };
    await this.expectOk(this.call(`${REGISTRY}ApproveModelVersion`, at, approver));
    await this.expectOk(this.call(`${REGISTRY}MoveAlias`, at, mover));
    for (let tries = 0; tries < 500; tries += 1) {
      const { messages } = await this.call(`${INFERENCE}ModelReady`, { name: `${model}@${alias}` }, mover);
      if (messages[0]?.['ready'] === true) return;
      await delay(20);
    }
    throw new Error(`${model}@${alias} was not served within 10 s: ${this.process.logs().slice(-5).join('\n')}`);
  }

  /** A whole upload of one file; parts of the header may be replaced. */
  upload(header: Fields, bytes: Uint8Array, holder: Holder = 'alice'): Promise<Answer> {
    const files = [{ path: 'model.onnx', bytes: bytes.length, sha256: sha256(bytes) }];
    const parts: Fields[] = [{ header: { files, graph: 'model.onnx', ...header } }];
    for (let at = 0; at < bytes.length; at += 524_288) parts.push({ chunk: bytes.subarray(at, at + 524_288) });
    return this.send([...parts, { file_end: true }], holder);
  }

  /** The messages of an upload as they are. */
  send(parts: readonly Fields[], holder: Holder = 'alice'): Promise<Answer> {
    const type = messageType(UPLOAD);
    const body = parts.map((part) => frame(encode(type, part)));
    return this.answer(`${REGISTRY}CreateModelVersion`, { body, token: this.token(holder) });
  }

  async expectOk(answer: Promise<Answer>): Promise<Answer> {
    const got = await answer;
    if (got.code !== 'OK') throw new Error(`expected OK, got ${got.code}: ${got.message}`);
    return got;
  }
}
