/** Makes `src/generated` from `proto/`: message types, one module per package with its services, and the schema that is loaded at run time. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import '@grpc/proto-loader'; // registers google/protobuf/*.proto with protobufjs
import protobuf from 'protobufjs';

const library = join(import.meta.dirname, '..');
const protoRoot = join(library, '../../proto');
const output = join(library, 'src/generated');

const files = readdirSync(protoRoot, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.proto'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort();

rmSync(output, { recursive: true, force: true });
mkdirSync(join(output, 'packages'), { recursive: true });

const generator = join(
  dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json')),
  'build/bin/proto-loader-gen-types.js',
);
execFileSync(process.execPath, [
  generator,
  '--grpcLib=@grpc/grpc-js',
  '--longs=String',
  '--enums=String',
  '--defaults',
  '--oneofs',
  '--keepCase',
  '--includeComments',
  '--importFileExtension=.ts',
  '--targetFileExtension=.ts',
  '-I',
  protoRoot,
  '-O',
  join(output, 'messages'),
  ...files,
]);

const root = new protobuf.Root();
root.resolvePath = (_origin, target) =>
  target.startsWith('google/protobuf/') ? target : join(protoRoot, relative(protoRoot, join(protoRoot, target)));
root.loadSync(files, { keepCase: true });
root.resolveAll();
writeFileSync(
  join(output, 'schema.ts'),
  `import type { INamespace } from 'protobufjs';\n\nexport const schema = JSON.parse(\n  ${JSON.stringify(JSON.stringify(root.toJSON()))},\n) as INamespace;\n`,
);

// protobufjs forgets which file a type came from; reflection has to answer with the files themselves
const buf = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin/buf');
const descriptorSet = execFileSync(
  process.execPath,
  [buf, 'build', protoRoot, '--output', '-#format=binpb', '--as-file-descriptor-set', '--exclude-source-info'],
  { maxBuffer: 64 * 1024 * 1024 },
);
writeFileSync(
  join(output, 'file-descriptors.ts'),
  `/** google.protobuf.FileDescriptorSet of all contracts, base64. */\nexport const fileDescriptorSet = '${descriptorSet.toString('base64')}';\n`,
);

interface PackageContent {
  readonly types: protobuf.ReflectionObject[];
  readonly services: protobuf.Service[];
}

function collect(namespace: protobuf.NamespaceBase, into: Map<string, PackageContent>): void {
  for (const object of namespace.nestedArray) {
    const packageName = namespace.fullName.slice(1);
    const content = into.get(packageName) ?? { types: [], services: [] };
    if (object instanceof protobuf.Type || object instanceof protobuf.Enum)
      into.set(packageName, content).get(packageName)?.types.push(object);
    else if (object instanceof protobuf.Service) into.set(packageName, content).get(packageName)?.services.push(object);
    else if (object instanceof protobuf.Namespace) collect(object, into);
  }
}

const modulePath = (object: protobuf.ReflectionObject): string =>
  `../messages/${object.fullName.slice(1).replaceAll('.', '/')}.ts`;

function kindOf(method: protobuf.Method): string {
  if (method.requestStream) return method.responseStream ? 'bidi' : 'client-stream';
  return method.responseStream ? 'server-stream' : 'unary';
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function serviceSource(service: protobuf.Service): string {
  const shapes = service.methodsArray.map((method) => {
    const [request, response] = [method.resolvedRequestType, method.resolvedResponseType];
    if (!request || !response) throw new Error(`${method.fullName} is not resolved`);
    return `  ${lowerFirst(method.name)}: { kind: '${kindOf(method)}'; request: ${request.name}; requestOutput: ${request.name}__Output; response: ${response.name}; responseOutput: ${response.name}__Output };`;
  });
  return `export interface ${service.name} {\n${shapes.join('\n')}\n}\n\nexport const ${lowerFirst(service.name)} = describeService<${service.name}>('${service.fullName.slice(1)}');\n`;
}

const packages = new Map<string, PackageContent>();
collect(root, packages);
for (const [name, { types, services }] of packages) {
  if (name === 'google.protobuf') continue;
  const used = new Set(
    services.flatMap((service) => service.methodsArray.flatMap((m) => [m.resolvedRequestType, m.resolvedResponseType])),
  );
  const lines = types.map((type) => `export type { ${type.name}, ${type.name}__Output } from '${modulePath(type)}';`);
  const imports = [...used].map((type) =>
    type ? `import type { ${type.name}, ${type.name}__Output } from '${modulePath(type)}';` : '',
  );
  if (services.length > 0) imports.unshift(`import { describeService } from '../../service.ts';`);
  writeFileSync(
    join(output, 'packages', `${name}.ts`),
    [...imports, ...lines, '', ...services.map(serviceSource)].join('\n'),
  );
}
process.stdout.write(`generated ${packages.size} packages from ${files.length} files\n`);
