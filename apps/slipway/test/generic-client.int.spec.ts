import { startSlipway, type SlipwayProcess } from '@slipway/testing';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor/index.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { frame, WireClient, type WireAnswer } from './bad-input/wire-client.ts';

/** grpc/reflection/v1/reflection.proto, written down here: a generic client knows this one contract and learns all others. */
const reflection = protobuf.parse(
  `syntax = "proto3";
  message Extension { string containing_type = 1; int32 extension_number = 2; }
  message Request { string host = 1; oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4;
    Extension file_containing_extension = 5; string all_extension_numbers_of_type = 6; string list_services = 7; } }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Numbers { string base_type_name = 1; repeated int32 extension_number = 2; }
  message Service { string name = 1; }
  message Services { repeated Service service = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }
  message Response { string valid_host = 1; Request original_request = 2; oneof message_response { Files file_descriptor_response = 4;
    Numbers all_extension_numbers_response = 5; Services list_services_response = 6; Failure error_response = 7; } }`,
  { keepCase: true },
).root;

interface Reflected {
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] };
  readonly all_extension_numbers_response?: { readonly extension_number: readonly number[] };
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly error_response?: { readonly error_code: number; readonly error_message: string };
}

/** google.protobuf.FileDescriptorProto with the names protobufjs gives its fields. */
interface FileDescriptor {
  readonly name: string;
  readonly package: string;
  readonly dependency: readonly string[];
  readonly messageType: readonly { readonly name: string }[];
  readonly enumType: readonly { readonly name: string }[];
  readonly service: readonly { readonly name: string; readonly method: readonly { readonly name: string }[] }[];
}
const { FileDescriptorProto, FileDescriptorSet } = (
  protobuf as unknown as { descriptor: Record<'FileDescriptorProto' | 'FileDescriptorSet', protobuf.Type> }
).descriptor;
const fromDescriptor = (set: object): protobuf.Root =>
  (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor(set);

const VERSIONS = ['v1', 'v1alpha'];
const [OK, UNKNOWN, UNIMPLEMENTED, INTERNAL, NOT_FOUND] = [0, 2, 12, 13, 5];

let slipway: SlipwayProcess;
beforeAll(async () => {
  slipway = await startSlipway({ app: 'slipway' });
});
afterAll(async () => {
  await slipway.stop();
});

async function ask(client: WireClient, version: string, ...questions: object[]): Promise<Reflected[]> {
  const [request, response] = [reflection.lookupType('Request'), reflection.lookupType('Response')];
  const body = questions.map((each) => frame(request.encode(request.fromObject(each)).finish()));
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const answer = await client.call(path, { body });
  expect(answer.code).toBe(OK);
  expect(answer.messages).toHaveLength(questions.length);
  return answer.messages.map((bytes) => response.toObject(response.decode(bytes)) as Reflected);
}

/** Every file that the services of one listener need, asked for by the names of the services. */
async function learn(
  client: WireClient,
  version: string,
): Promise<{ services: string[]; files: Map<string, FileDescriptor> }> {
  const [listed] = await ask(client, version, { list_services: '*' });
  const services = (listed?.list_services_response?.service ?? []).map(({ name }) => name);
  const answers = await ask(client, version, ...services.map((file_containing_symbol) => ({ file_containing_symbol })));
  const files = new Map<string, FileDescriptor>();
  for (const { file_descriptor_response: found } of answers) {
    expect(found?.file_descriptor_proto.length ?? 0).toBeGreaterThan(0);
    for (const bytes of found?.file_descriptor_proto ?? []) {
      const file = FileDescriptorProto.decode(bytes) as unknown as FileDescriptor;
      files.set(file.name, file);
    }
  }
  return { services, files };
}

const listeners = (): [string, string][] => [
  ['grpc', slipway.grpcAddress],
  ['inference', slipway.inferenceAddress],
];

async function withClients(work: (client: WireClient, listener: string) => Promise<void>): Promise<void> {
  for (const [listener, address] of listeners()) {
    const client = new WireClient(address);
    try {
      await work(client, listener);
    } finally {
      client.close();
    }
  }
}

it.each(VERSIONS)('tells every service, symbol and file (reflection %s)', async (version) => {
  const seen: string[] = [];
  await withClients(async (client) => {
    const { services, files } = await learn(client, version);
    seen.push(...services);
    for (const file of files.values()) {
      for (const name of file.dependency) expect(files.has(name), `${file.name} imports ${name}`).toBe(true);
      const scoped = (name: string): string => (file.package === '' ? name : `${file.package}.${name}`);
      const symbols = [...file.messageType, ...file.enumType, ...file.service].map(({ name }) => scoped(name));
      symbols.push(...file.service.flatMap(({ name, method }) => method.map((each) => `${scoped(name)}.${each.name}`)));
      const questions = [
        { file_by_filename: file.name },
        ...symbols.map((symbol) => ({ file_containing_symbol: symbol })),
      ];
      for (const { file_descriptor_response: found } of await ask(client, version, ...questions)) {
        const [first] = found?.file_descriptor_proto ?? [];
        expect(first && (FileDescriptorProto.decode(first) as unknown as FileDescriptor).name).toBe(file.name);
      }
    }
  });
  expect(seen).toEqual(
    expect.arrayContaining([
      'slipway.registry.v1.RegistryService',
      'slipway.routing.v1.RoutingService',
      'slipway.monitoring.v1.MonitorService',
      'slipway.batch.v1.BatchService',
      'slipway.batch.v1.PipelineService',
      'slipway.serving.v1.StreamService',
      'inference.GRPCInferenceService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]),
  );
});

it('tells extensions, and what it does not know', async () => {
  const client = new WireClient(slipway.grpcAddress);
  const [numbers, extension, file, symbol, type, nothing] = await ask(
    client,
    'v1',
    { all_extension_numbers_of_type: 'google.protobuf.MethodOptions' },
    { file_containing_extension: { containing_type: 'google.protobuf.MethodOptions', extension_number: 50_300 } },
    { file_by_filename: '../../etc/passwd' },
    { file_containing_symbol: 'no.such.Symbol' },
    { all_extension_numbers_of_type: 'no.such.Type' },
    {},
  );
  client.close();
  expect(numbers?.all_extension_numbers_response?.extension_number).toContain(50_300);
  expect(extension?.file_descriptor_response?.file_descriptor_proto.length).toBeGreaterThan(0);
  for (const answer of [file, symbol, type]) expect(answer?.error_response?.error_code).toBe(NOT_FOUND);
  expect(nothing?.error_response?.error_code).toBe(3);
});

it('answers every method that a generic client can call', { timeout: 60_000 }, async () => {
  const calls: string[] = [];
  await withClients(async (client) => {
    const { services, files } = await learn(client, 'v1');
    const set = FileDescriptorSet.fromObject({});
    (set as unknown as { file: FileDescriptor[] }).file = [...files.values()];
    const root = fromDescriptor(set);
    root.resolveAll();
    for (const service of services) {
      for (const method of root.lookupService(service).methodsArray) {
        const path = `/${service}/${method.name}`;
        const bytes = (method.resolve() as protobuf.Method).resolvedRequestType?.encode({}).finish() ?? Buffer.alloc(0);
        // streams that live until their caller leaves are left after a moment
        const answer: WireAnswer = await client.call(path, {
          body: [frame(bytes)],
          ...(method.responseStream && { cancelAfterMs: 500 }),
        });
        const left = answer.code === -1 && method.responseStream === true && answer.messages.length > 0;
        const problem = [UNIMPLEMENTED, INTERNAL, UNKNOWN].includes(answer.code) || (answer.code === -1 && !left);
        calls.push(`${path} ${problem ? `BAD ${answer.code} ${answer.message}` : 'fine'}`);
        if (answer.code === OK) {
          for (const message of answer.messages) method.resolvedResponseType?.decode(message);
        }
      }
    }
  });
  console.info(`generic client: ${calls.length} methods called by what reflection tells`);
  expect(calls.filter((call) => !call.endsWith(' fine'))).toEqual([]);
  expect(calls.length).toBeGreaterThanOrEqual(131);
});
