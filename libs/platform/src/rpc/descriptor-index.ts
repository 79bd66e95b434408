import protobuf from 'protobufjs';
import { fileDescriptorSet, messageType } from '@slipway/contracts';

/** As protobufjs names the fields of descriptor.proto. */
interface NamedDescriptor {
  readonly name: string;
  readonly extendee?: string;
  readonly number?: number;
  readonly field?: readonly NamedDescriptor[];
  readonly value?: readonly NamedDescriptor[];
  readonly method?: readonly NamedDescriptor[];
  readonly oneofDecl?: readonly NamedDescriptor[];
  readonly nestedType?: readonly NamedDescriptor[];
  readonly enumType?: readonly NamedDescriptor[];
  readonly extension?: readonly NamedDescriptor[];
  readonly messageType?: readonly NamedDescriptor[];
  readonly service?: readonly NamedDescriptor[];
  readonly package?: string;
  readonly dependency?: readonly string[];
}

interface DescriptorFile {
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
}

/** Where every symbol of the contracts is declared, under the file names the contracts have. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescriptorFile>();
  readonly #fileOfSymbol = new Map<string, string>();
  /** By extended type, then by field number. */
  readonly #fileOfExtension = new Map<string, Map<number, string>>();

  /** @param set serialized google.protobuf.FileDescriptorSet with all imports. */
  constructor(set: Uint8Array) {
    const descriptor = messageType('google.protobuf.FileDescriptorProto');
    for (const bytes of readFiles(set)) {
      const file = descriptor.decode(bytes) as unknown as NamedDescriptor;
      this.#files.set(file.name, { bytes, dependencies: file.dependency ?? [] });
      this.#addScope(file.name, file.package ?? '', file);
    }
  }

  /** The file and everything it imports, itself first; undefined for a name that is not known. */
  fileByName(name: string): readonly Uint8Array[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const wanted = new Set([name]);
    for (const each of wanted)
      for (const dependency of this.#files.get(each)?.dependencies ?? []) wanted.add(dependency);
    return [...wanted].flatMap((each) => this.#files.get(each)?.bytes ?? []);
  }

  /** Packages are not symbols; services, methods, messages, fields, oneofs, enums, their values and extensions are. */
  fileOfSymbol(symbol: string): string | undefined {
    return this.#fileOfSymbol.get(symbol);
  }

  fileOfExtension(type: string, number: number): string | undefined {
    return this.#fileOfExtension.get(type)?.get(number);
  }

  /** Undefined for a type that is not known. */
  extensionNumbers(type: string): readonly number[] | undefined {
    if (!this.#fileOfSymbol.has(type)) return undefined;
    return [...(this.#fileOfExtension.get(type)?.keys() ?? [])].sort((left, right) => left - right);
  }

  #addScope(file: string, scope: string, content: NamedDescriptor): void {
    const qualified = (name: string): string => (scope === '' ? name : `${scope}.${name}`);
    const add = (descriptor: NamedDescriptor): void => void this.#fileOfSymbol.set(qualified(descriptor.name), file);
    for (const member of [...(content.field ?? []), ...(content.oneofDecl ?? []), ...(content.method ?? [])])
      add(member);
    for (const type of [...(content.messageType ?? []), ...(content.nestedType ?? []), ...(content.service ?? [])]) {
      add(type);
      this.#addScope(file, qualified(type.name), type);
    }
    for (const type of content.enumType ?? []) {
      add(type);
      for (const value of type.value ?? []) add(value); // values are siblings of their enum, as in C++
    }
    for (const extension of content.extension ?? []) {
      add(extension);
      const type = (extension.extendee ?? '').replace(/^\./, '');
      const numbers = this.#fileOfExtension.get(type) ?? new Map<number, string>();
      this.#fileOfExtension.set(type, numbers.set(extension.number ?? 0, file));
    }
  }
}

/** Cuts a FileDescriptorSet into its files without decoding them: what is handed out is what the compiler wrote. */
function readFiles(set: Uint8Array): Uint8Array[] {
  const reader = protobuf.Reader.create(set);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    reader.uint32(); // every field is `repeated FileDescriptorProto file = 1`
    files.push(reader.bytes());
  }
  return files;
}

/** Index of all our contracts. */
export function contractIndex(): DescriptorIndex {
  return new DescriptorIndex(Buffer.from(fileDescriptorSet, 'base64'));
}
