import type { Saboteur } from '../saboteur.ts';

const PACKAGE = 'libs/model-package/src';
const SCORING = 'libs/scoring/src';
const RUNTIME = 'libs/plugins/model-runtime-onnx/src';
const ENVELOPE = [`${PACKAGE}/signing/envelope.spec.ts`];
const GRAPH = [`${PACKAGE}/onnx/inspect-graph.spec.ts`];
const SCORER = [`${SCORING}/load-scorer.spec.ts`];

/** What is checked before a model is loaded, and what it answers. */
export const MODEL_PACKAGE_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'the signature of a package is not verified',
    file: `${PACKAGE}/signing/envelope.ts`,
    find: `      trusted.key.asymmetricKeyType !== 'ed25519' ||
      !verify(null, message, trusted.key, Buffer.from(sig, 'base64'))
`,
    replace: `      trusted.key.asymmetricKeyType !== 'ed25519' ||
      message.length === 0 || sig === ''
`,
    suites: ENVELOPE,
  },
  {
    name: 'a package that only strangers have signed is accepted',
    file: `${PACKAGE}/signing/envelope.ts`,
    find: 'if (keyIds.length === 0) {',
    replace: 'if (envelope.signatures.length === 0) {',
    suites: ENVELOPE,
  },
  {
    name: 'a signature counts for another payload type',
    file: `${PACKAGE}/signing/envelope.ts`,
    find: 'if (envelope.payloadType !== payloadType) {',
    replace: "if (envelope.payloadType === '') {",
    suites: ENVELOPE,
  },
  {
    name: 'type and payload can be shifted into each other',
    file: `${PACKAGE}/signing/envelope.ts`,
    find: '`DSSEv1 ${type.length} `',
    replace: '`DSSEv1 `',
    suites: ENVELOPE,
  },
  {
    name: 'a signed manifest may be spelled in several ways',
    file: `${PACKAGE}/manifest/signed-manifest.ts`,
    find: 'if (!Buffer.from(encodeManifest(manifest)).equals(payload)) {',
    replace: 'if (encodeManifest(manifest).length === 0) {',
    suites: [`${PACKAGE}/manifest/signed-manifest.spec.ts`],
  },
  {
    name: 'two files of a package may differ in case only',
    file: `${PACKAGE}/manifest/manifest.ts`,
    find: 'const folded = file.path.toLowerCase();',
    replace: 'const folded = file.path;',
    suites: [`${PACKAGE}/manifest/signed-manifest.spec.ts`],
  },
  {
    name: 'a valid package of another model is loaded',
    file: `${SCORING}/load-scorer.ts`,
    find: 'if (name(manifest) === name(expected)) return;',
    replace: 'if (manifest.workspace === expected.workspace && manifest.version === expected.version) return;',
    suites: SCORER,
  },
  {
    name: 'an older version of the same model is loaded',
    file: `${SCORING}/load-scorer.ts`,
    find: 'if (name(manifest) === name(expected)) return;',
    replace: 'if (manifest.workspace === expected.workspace && manifest.model === expected.model) return;',
    suites: SCORER,
  },
  {
    name: 'the digest of a file is not compared when it is loaded',
    file: `${SCORING}/load-scorer.ts`,
    find: 'if (bytes.length === file.bytes && sha256 === file.sha256) return;',
    replace: 'if (bytes.length === file.bytes) return;',
    suites: SCORER,
  },
  {
    name: 'only the graph of a package is verified',
    file: `${SCORING}/load-scorer.ts`,
    find: '    assertContent(file, bytes);\n',
    replace: '    if (file.path === manifest.graph) assertContent(file, bytes);\n',
    suites: SCORER,
  },
  {
    name: "the graph's signature is not compared with the manifest's",
    file: `${SCORING}/load-scorer.ts`,
    find: 'if (canonicalJson(graph.signature) !== canonicalJson(manifest.signature)) {',
    replace: 'if (graph.signature.inputs.length !== manifest.signature.inputs.length) {',
    suites: SCORER,
  },
  {
    name: 'a graph with tensors in other files is loaded',
    file: `${SCORING}/load-scorer.ts`,
    find: 'if (graph.externalFiles.length > 0) {',
    replace: 'if (graph.externalFiles.length > 64) {',
    suites: SCORER,
  },
  {
    name: 'inputs whose shape the model does not take are handed to the runtime',
    file: `${SCORING}/check-inputs.ts`,
    find: 'if (!fits(spec.shape, shape)) {',
    replace: 'if (spec.shape.length !== shape.length) {',
    suites: SCORER,
  },
  {
    name: 'inputs of different numbers of rows are stretched',
    file: `${SCORING}/check-inputs.ts`,
    find: 'else if (first.size !== size) {',
    replace: 'else if (first.size !== size && size !== 1) {',
    suites: SCORER,
  },
  {
    name: 'a graph may have cycles',
    file: `${PACKAGE}/onnx/inspect-scope.ts`,
    find: "if (name !== '' && !scope.has(name)) {",
    replace: "if (name !== '' && !scope.has(name) && index > 0) {",
    suites: GRAPH,
  },
  {
    name: 'operators of a custom library are accepted',
    file: `${PACKAGE}/onnx/inspect-graph.ts`,
    find: `if (!known) inspection.refuse(at, \`domain \${quoted(domain)} needs custom operators, which are not supported\`);
    else if (version < known.min || version > known.max) {`,
    replace: 'if (known && (version < known.min || version > known.max)) {',
    suites: GRAPH,
  },
  {
    name: 'external data may reach past the end of its file',
    file: `${PACKAGE}/onnx/inspect-tensor.ts`,
    find: 'if (BigInt(offset) + bytes > BigInt(fileBytes))',
    replace: 'if (bytes > BigInt(fileBytes))',
    suites: GRAPH,
  },
  {
    name: 'a stored tensor may have other bytes than its shape says',
    file: `${PACKAGE}/onnx/inspect-tensor.ts`,
    find: 'if (BigInt(rawBytes) !== bytes) {',
    replace: 'if (BigInt(rawBytes) > bytes) {',
    suites: GRAPH,
  },
  {
    name: 'a sparse tensor may be huge once it is dense',
    file: `${PACKAGE}/onnx/inspect-tensor.ts`,
    find: 'const bytes = (count * BigInt(Math.max(bits, 8))) / 8n;',
    replace: 'const bytes = (BigInt(values.dims.length) * BigInt(Math.max(bits, 8))) / 8n;',
    suites: GRAPH,
  },
  {
    name: 'the model answers a constant',
    file: `${RUNTIME}/tensors.ts`,
    find: 'data: sixteenBits(datatype, tensor.data) } as Tensor',
    replace: 'data: sixteenBits(datatype, (tensor.data as Float32Array).fill(0)) } as Tensor',
    suites: [`${RUNTIME}/scored-package.spec.ts`],
  },
  {
    name: 'a model is released while a call runs',
    file: `${RUNTIME}/onnx-model.ts`,
    find: 'if (this.running > 0) await new',
    replace: 'if (this.running < 0) await new',
    suites: [`${RUNTIME}/onnx-runtime.spec.ts`],
  },
  {
    name: 'a model that kills its runtime is loaded without a trial',
    file: `${RUNTIME}/onnx-runtime.ts`,
    find: '    await this.tryOnce(model, signal);\n',
    replace: '',
    suites: [`${RUNTIME}/trial-load.spec.ts`],
  },
];
