export {
  ENVELOPE_PATH,
  parseManifest,
  PACKAGE_FILES_MAX,
  type JsonObject,
  type PackageFile,
  type PackageManifest,
} from './manifest/manifest.ts';
export {
  encodeManifest,
  MANIFEST_PAYLOAD_TYPE,
  packageDigest,
  signManifest,
  verifyEnvelope,
  type VerifiedManifest,
} from './manifest/signed-manifest.ts';
export {
  decodeEnvelope,
  encodeEnvelope,
  ENVELOPE_BYTES_MAX,
  preAuthenticationEncoding,
  type Envelope,
} from './signing/envelope.ts';
export {
  generateKeyPair,
  readSigningKey,
  readTrustedKey,
  trustedKeyOf,
  writeTrustedKey,
  type SigningKey,
  type TrustedKey,
} from './signing/keys.ts';
export { readTrustedKeys } from './signing/read-trusted-keys.ts';
export { inspectGraph, type InspectedGraph, type InspectOptions } from './onnx/inspect-graph.ts';
export { DEFAULT_GRAPH_LIMITS, type GraphLimits, type PackageFileSize } from './onnx/inspection.ts';
export { type DimensionNames } from './onnx/inspect-signature.ts';
export {
  buildModel,
  type AttributeValue,
  type GraphDescription,
  type ModelDescription,
  type NodeDescription,
} from './onnx/graph-builder.ts';
