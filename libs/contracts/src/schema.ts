import * as protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { schema } from './generated/schema.ts';

/** How messages look in memory: int64 as decimal text, enums as names, every unset field at its default. */
const CONVERSION: protoLoader.Options = { longs: String, enums: String, defaults: true, oneofs: true, keepCase: true };

/** All our contracts and the protocols we speak, resolved. Read only. */
export const protoRoot: protobuf.Root = protobuf.Root.fromJSON(schema);
protoRoot.resolveAll();

/** The same as grpc-js and reflection want it. */
export const packageDefinition: protoLoader.PackageDefinition = protoLoader.fromJSON(schema, CONVERSION);

/** @throws {Error} when there is no such message: a bug of the caller. */
export function messageType(fullName: string): protobuf.Type {
  return protoRoot.lookupType(fullName);
}
