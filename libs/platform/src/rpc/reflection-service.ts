import { serverReflection as reflectionV1, type ServerReflection } from '@slipway/contracts/grpc.reflection.v1';
import { serverReflection as reflectionV1alpha } from '@slipway/contracts/grpc.reflection.v1alpha';
import type {
  ServerReflectionRequest__Output as Question,
  ServerReflectionResponse,
} from '@slipway/contracts/grpc.reflection.v1';
import { contractIndex, type DescriptorIndex } from './descriptor-index.ts';
import { implementService, type Handlers, type ServiceImplementation } from './handler.ts';
import { STATUS } from './status.ts';

type Answer = Omit<ServerReflectionResponse, 'valid_host' | 'original_request'>;

const notFound = (what: string): Answer => ({
  error_response: { error_code: STATUS.NOT_FOUND, error_message: `${what} is not known` },
});

function fileAnswer(index: DescriptorIndex, name: string | undefined, what: string): Answer {
  const files = name === undefined ? undefined : index.fileByName(name);
  return files
    ? { file_descriptor_response: { file_descriptor_proto: files.map((bytes) => Buffer.from(bytes)) } }
    : notFound(what);
}

function numbersAnswer(index: DescriptorIndex, type: string): Answer {
  const numbers = index.extensionNumbers(type);
  if (!numbers) return notFound(`type ${type}`);
  return { all_extension_numbers_response: { base_type_name: type, extension_number: [...numbers] } };
}

function answer(index: DescriptorIndex, services: readonly string[], question: Question): Answer {
  switch (question.message_request) {
    case 'list_services':
      return { list_services_response: { service: services.map((name) => ({ name })) } };
    case 'file_by_filename':
      return fileAnswer(index, question.file_by_filename, `file ${question.file_by_filename ?? ''}`);
    case 'file_containing_symbol': {
      const symbol = question.file_containing_symbol ?? '';
      return fileAnswer(index, index.fileOfSymbol(symbol), `symbol ${symbol}`);
    }
    case 'file_containing_extension': {
      const { containing_type: type = '', extension_number: number = 0 } = question.file_containing_extension ?? {};
      return fileAnswer(index, index.fileOfExtension(type, number), `extension ${number} of ${type}`);
    }
    case 'all_extension_numbers_of_type':
      return numbersAnswer(index, question.all_extension_numbers_of_type ?? '');
    default:
      return { error_response: { error_code: STATUS.INVALID_ARGUMENT, error_message: 'no question was asked' } };
  }
}

/**
 * grpc.reflection.v1 and its older twin v1alpha, which most tools still try. Written here because `@grpc/reflection` merges the files of a
 * package under invented names and cannot be bundled.
 * @param services full names that the server offers.
 */
export function reflectionServices(services: readonly string[]): ServiceImplementation[] {
  const listed = [...services, reflectionV1.typeName, reflectionV1alpha.typeName];
  let index: DescriptorIndex | undefined;
  const handlers: Handlers<ServerReflection> = {
    serverReflectionInfo: async function* (questions) {
      index ??= contractIndex(); // at the first question: most processes are never asked
      for await (const question of questions) {
        yield { valid_host: question.host, original_request: question, ...answer(index, listed, question) };
      }
    },
  };
  return [implementService(reflectionV1, handlers), implementService(reflectionV1alpha, handlers)];
}
