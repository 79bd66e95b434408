import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';

/** Bounds on an uploaded graph; every one of them is a refusal with its name. */
export interface GraphLimits {
  readonly modelBytesMax: number;
  readonly nodesMax: number;
  /** Graphs within graphs, the main graph being 1. */
  readonly subgraphDepthMax: number;
  /** Messages, texts and dimensions of the file: bounds memory at roughly 100 bytes each. */
  readonly partsMax: number;
  /** Elements of one tensor times its element size, also of a sparse tensor once the runtime makes it dense. */
  readonly tensorBytesMax: number;
}

/** Fits language models of a few hundred million parameters; a graph of more nodes than this takes minutes to load. */
export const DEFAULT_GRAPH_LIMITS: GraphLimits = Object.freeze({
  modelBytesMax: 1024 ** 3,
  nodesMax: 50_000,
  subgraphDepthMax: 16,
  partsMax: 1_000_000,
  tensorBytesMax: 1024 ** 3,
});

/** A file of the package that the graph may refer to as external data. */
export interface PackageFileSize {
  readonly path: string;
  readonly bytes: number;
}

const VIOLATIONS_MAX = 20;

/** Collects what is wrong, with the path of each, and stops the inspection once there is enough to read. */
export class Inspection {
  readonly limits: GraphLimits;
  readonly files: ReadonlyMap<string, number>;
  readonly externalFiles = new Set<string>();
  /** Imported version by domain, `ai.onnx` written as the empty text. */
  readonly domains = new Map<string, bigint>();
  nodeCount = 0;
  parameterCount = 0n;
  private readonly violations: FieldViolation[] = [];

  constructor(limits: GraphLimits, files: readonly PackageFileSize[]) {
    this.limits = limits;
    this.files = new Map(files.map(({ path, bytes }) => [path, bytes]));
  }

  refuse(field: string, description: string): void {
    this.violations.push({ field, description });
    if (this.violations.length >= VIOLATIONS_MAX) this.finish();
  }

  /** @throws {InvalidArgumentError} with all violations when there are any. */
  finish(): void {
    if (this.violations.length > 0) throw new InvalidArgumentError(this.violations, { reason: 'MODEL_GRAPH_INVALID' });
  }
}

/** Texts of an uploaded file in our messages: short, printable, quoted. */
export const quoted = (text: string): string => `'${text.slice(0, 80).replaceAll(/[^ -~]/g, '?')}'`;
