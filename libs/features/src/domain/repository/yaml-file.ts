import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import type { RepositoryFile } from './feature-repository.ts';
import { pathText, type Position, type Problems } from './problems.ts';

/** Enough to name an owner or a list of tags twice; a bomb needs more. */
const ALIASES_MAX = 32;
/** Deeper than any document of ours; the reader itself is recursive. */
const DEPTH_MAX = 64;
const START: Position = { line: 1, column: 1 };

/** One document of a repository: its data, and where each part of it lies. */
export class YamlFile {
  readonly index: number;
  readonly path: string;
  readonly data: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(index: number, path: string, data: unknown, document: Document, lines: LineCounter) {
    this.index = index;
    this.path = path;
    this.data = data;
    this.#document = document;
    this.#lines = lines;
  }

  /** Of the value at a path, or of the nearest thing around it. @param key name of a field of it that is meant instead. */
  positionOf(path: readonly PropertyKey[], key?: string): Position {
    for (let length = path.length; length >= 0; length -= 1) {
      const parts = path.slice(0, length);
      const node: unknown = length === 0 ? this.#document.contents : this.#document.getIn(parts, true);
      const meant = length === path.length && key !== undefined ? keyNode(node, key) : node;
      const offset = isNode(meant) ? meant.range?.[0] : undefined;
      if (offset !== undefined) return toPosition(this.#lines, offset);
    }
    return START;
  }

  problem(problems: Problems, path: readonly PropertyKey[], description: string, key?: string): void {
    const full = key === undefined ? path : [...path, key];
    problems.add(this, this.positionOf(path, key), pathText(full), description);
  }
}

/** A file and what its schema made of it. */
export interface ReadFile<Kind> {
  readonly file: YamlFile;
  readonly document: Kind;
}

const keyNode = (node: unknown, key: string): unknown =>
  isMap(node) ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key : undefined;

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Reads one file; what is wrong with it goes to `problems`. @returns undefined when it cannot be used. */
export function readYamlFile(file: RepositoryFile, index: number, problems: Problems): YamlFile | undefined {
  const lines = new LineCounter();
  const refuse = (at: Position, description: string): undefined => {
    problems.add({ index, path: file.path }, at, '', description);
  };
  const tooDeep = deepFlow(file.content);
  if (tooDeep !== undefined) return refuse(tooDeep, `is nested more than ${DEPTH_MAX} levels deep`);
  let document: Document.Parsed;
  try {
    // Unique keys are looked for below: the reader's own way compares each key with each.
    const options = { lineCounter: lines, version: '1.2', uniqueKeys: false, prettyErrors: false } as const;
    document = parseDocument(file.content, options);
  } catch {
    return refuse(START, 'cannot be read as YAML'); // the reader ran out of stack
  }
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) refuse(toPosition(lines, fault.pos[0]), fault.message.split('\n')[0] ?? 'is no YAML');
  if (faults.length > 0) return undefined;
  const found = checkNodes(document);
  if (found) return refuse(toPosition(lines, found.offset), found.description);
  return new YamlFile(index, file.path, document.toJS({ maxAliasCount: ALIASES_MAX }), document, lines);
}

/** Brackets nest without indentation, so a small file can be deep; text that holds brackets counts too, which costs nobody anything. */
function deepFlow(content: string): Position | undefined {
  let depth = 0;
  for (let at = 0; at < content.length; at += 1) {
    const code = content.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) depth += 1;
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
    if (depth > DEPTH_MAX)
      return { line: content.slice(0, at).split('\n').length, column: at - content.lastIndexOf('\n', at) };
  }
  return undefined;
}

function checkNodes(document: Document): { offset: number; description: string } | undefined {
  let aliases = 0;
  let found: { offset: number; description: string } | undefined;
  const stop = (offset: number | undefined, description: string): symbol => {
    found = { offset: offset ?? 0, description };
    return visit.BREAK;
  };
  visit(document, (_, node, path) => {
    if (path.length > 2 * DEPTH_MAX) {
      return stop(isNode(node) ? node.range?.[0] : 0, `is nested more than ${DEPTH_MAX} levels deep`);
    }
    if (isAlias(node) && (aliases += 1) > ALIASES_MAX) {
      return stop(node.range?.[0], `has more than ${ALIASES_MAX} aliases; write the values out`);
    }
    const repeated = isMap(node) ? repeatedKey(node.items) : undefined;
    if (repeated) return stop(repeated.offset, `has the key '${repeated.key}' twice in one object`);
    if ((isMap(node) || isSeq(node)) && typeof node.tag === 'string' && !node.tag.startsWith('tag:yaml.org,2002:')) {
      return stop(node.range?.[0], `has the tag ${node.tag.slice(0, 40)}; leave tags out`);
    }
    return undefined;
  });
  return found;
}

function repeatedKey(items: readonly { readonly key: unknown }[]): { offset: number; key: string } | undefined {
  const seen = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    const text = String(key.value);
    if (seen.has(text)) return { offset: key.range?.[0] ?? 0, key: text.slice(0, 80) };
    seen.add(text);
  }
  return undefined;
}
