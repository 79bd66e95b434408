import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { pathText, type Position, type Problems } from './problems.ts';

/** Deeper than any pipeline; the reader itself is recursive. */
const DEPTH_MAX = 32;
/** Enough to share a list of features; a bomb needs more. */
const ALIASES_MAX = 32;
const START: Position = { line: 1, column: 1 };

/** The data of a file, and where each part of it lies. */
export class YamlDocument {
  readonly data: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #problems: Problems;

  constructor(document: Document, lines: LineCounter, problems: Problems) {
    this.data = document.toJS({ maxAliasCount: ALIASES_MAX });
    this.#document = document;
    this.#lines = lines;
    this.#problems = problems;
  }

  /** Notes what is wrong with the value at a path. @param key name of a field of it that is meant instead. */
  problem(path: readonly PropertyKey[], description: string, key?: string): void {
    const full = key === undefined ? path : [...path, key];
    this.#problems.add(this.#positionOf(path, key), pathText(full), description);
  }

  #positionOf(path: readonly PropertyKey[], key: string | undefined): Position {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      const meant = length === path.length && key !== undefined ? keyNode(node, key) : node;
      const offset = isNode(meant) ? meant.range?.[0] : undefined;
      if (offset !== undefined) return toPosition(this.#lines, offset);
    }
    return START;
  }
}

const keyNode = (node: unknown, key: string): unknown =>
  isMap(node) ? node.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key : undefined;

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Reads a file. @returns undefined when it cannot be used; `problems` says why. */
export function readYaml(content: string, problems: Problems): YamlDocument | undefined {
  const lines = new LineCounter();
  const refuse = (at: Position, description: string): undefined => {
    problems.add(at, '', description);
  };
  const deep = deepBrackets(content);
  if (deep !== undefined) return refuse(deep, `is nested more than ${DEPTH_MAX} levels deep`);
  let document: Document.Parsed;
  try {
    const options = { lineCounter: lines, version: '1.2', uniqueKeys: true, prettyErrors: false } as const;
    document = parseDocument(content, options);
  } catch {
    return refuse(START, 'cannot be read as YAML'); // the reader ran out of stack
  }
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) refuse(toPosition(lines, fault.pos[0]), fault.message.split('\n')[0] ?? 'is no YAML');
  if (faults.length > 0) return undefined;
  const found = forbiddenNode(document);
  return found
    ? refuse(toPosition(lines, found.offset), found.description)
    : new YamlDocument(document, lines, problems);
}

/** Brackets nest without indentation, so a small file can be deep; brackets in texts count, too, which costs nobody anything. */
function deepBrackets(content: string): Position | undefined {
  let depth = 0;
  for (let at = 0; at < content.length; at += 1) {
    const letter = content[at];
    if (letter === '[' || letter === '{') depth += 1;
    else if ((letter === ']' || letter === '}') && depth > 0) depth -= 1;
    if (depth > DEPTH_MAX)
      return { line: content.slice(0, at).split('\n').length, column: at - content.lastIndexOf('\n', at) };
  }
  return undefined;
}

function forbiddenNode(document: Document): { offset: number; description: string } | undefined {
  let aliases = 0;
  let found: { offset: number; description: string } | undefined;
  visit(document, (_, node, path) => {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const tag = (isMap(node) || isSeq(node)) && typeof node.tag === 'string' ? node.tag : '';
    if (path.length > 2 * DEPTH_MAX) found = { offset, description: `is nested more than ${DEPTH_MAX} levels deep` };
    else if (isAlias(node) && (aliases += 1) > ALIASES_MAX)
      found = { offset, description: `has more than ${ALIASES_MAX} aliases; write the values out` };
    else if (tag !== '' && !tag.startsWith('tag:yaml.org,2002:'))
      found = { offset, description: `has the tag ${tag.slice(0, 40)}; leave tags out` };
    return found ? visit.BREAK : undefined;
  });
  return found;
}
