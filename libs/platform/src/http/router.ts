import { InvalidArgumentError } from '@slipway/kernel';
import { HttpRefusal } from './failure.ts';
import type { HttpMethod, HttpRoute } from './route.ts';

/** A route that answers a path, with the decoded segments its pattern names. */
export interface Match<Route> {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Node<Route> {
  readonly literal: Map<string, Node<Route>>;
  segment: Node<Route> | undefined;
  rest: Map<HttpMethod, Leaf<Route>> | undefined;
  readonly here: Map<HttpMethod, Leaf<Route>>;
}
interface Leaf<Route> {
  readonly route: Route;
  /** In the order of the pattern; the last one may be the rest. */
  readonly names: readonly string[];
}

/** Longest path looked at; longer ones are no address of ours. */
const PATH_CHARACTERS_MAX = 4_096;
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** Finds routes by path. Literal segments win over `:name`, that wins over `*name`; two routes for one pattern are a bug. */
export class Router<Route extends Pick<HttpRoute, 'method' | 'path'>> {
  readonly #root: Node<Route> = emptyNode();

  /** @throws {Error} on a pattern that is none, or that is there already. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  /**
   * @param path as sent, without the query. @returns undefined when nothing of ours is there.
   * @throws {InvalidArgumentError} on a path that could be read in two ways. @throws {HttpRefusal} 405 with the methods that are there.
   */
  find(method: string, path: string): Match<Route> | undefined {
    const segments = splitPath(path);
    const values: string[] = [];
    const leaves = walk(this.#root, segments, 0, values);
    if (!leaves) return undefined;
    const leaf = leaves.get((method === 'HEAD' ? 'GET' : method) as HttpMethod);
    if (!leaf) throw notAllowed([...leaves.keys()]);
    if (leaf.names.length === 0) return { route: leaf.route, params: NO_PARAMS };
    return { route: leaf.route, params: Object.fromEntries(leaf.names.map((name, at) => [name, values[at] ?? ''])) };
  }

  #add(route: Route): void {
    const names: string[] = [];
    let node = this.#root;
    let leaves = node.here;
    for (const [at, segment] of route.path.slice(1).split('/').entries()) {
      if (leaves !== node.here) throw new Error(`nothing can follow the rest in '${route.path}'`);
      if (segment.startsWith('*')) leaves = node.rest ??= new Map();
      else if (segment.startsWith(':')) node = node.segment ??= emptyNode();
      else if (segment !== '' || at > 0 || route.path !== '/') node = childOf(node, segment, route.path);
      if (/^[:*]/.test(segment)) names.push(segment.slice(1));
      if (!segment.startsWith('*')) leaves = node.here;
    }
    if (leaves.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
    leaves.set(route.method, { route, names });
  }
}

function emptyNode<Route>(): Node<Route> {
  return { literal: new Map(), segment: undefined, rest: undefined, here: new Map() };
}

function childOf<Route>(node: Node<Route>, segment: string, path: string): Node<Route> {
  if (!/^[A-Za-z0-9._~-]+$/.test(segment)) throw new Error(`'${segment}' of the route '${path}' is no segment`);
  const child = node.literal.get(segment) ?? emptyNode<Route>();
  node.literal.set(segment, child);
  return child;
}

function walk<Route>(
  node: Node<Route>,
  segments: readonly string[],
  at: number,
  values: string[],
): Map<HttpMethod, Leaf<Route>> | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.here.size > 0 ? node.here : undefined;
  const literal = node.literal.get(segment);
  const found = literal && walk(literal, segments, at + 1, values);
  if (found) return found;
  if (node.segment && segment !== '') {
    const kept = values.length;
    values.push(decodeSegment(segment));
    const below = walk(node.segment, segments, at + 1, values);
    if (below) return below;
    values.length = kept;
  }
  if (!node.rest) return undefined;
  values.push(segments.slice(at).map(decodeSegment).join('/'));
  return node.rest;
}

/** Segments as sent. What one reader takes for another folder than the next one does is refused before anybody reads it. */
function splitPath(path: string): readonly string[] {
  if (!path.startsWith('/') || path.length > PATH_CHARACTERS_MAX || /[\\\0-\x20\x7f-\uffff#;]/.test(path))
    throw badPath();
  if (path === '/') return [];
  const segments = path.slice(1).split('/');
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1;
    if (segment === '' && !isLast) throw badPath();
    if (segment.startsWith('.') || segment.includes('%')) assertNoFolder(segment);
  }
  return segments;
}

function assertNoFolder(segment: string): void {
  const decoded = decodeSegment(segment);
  if (decoded === '.' || decoded === '..') throw badPath();
}

/** @throws {InvalidArgumentError} when it holds a separator, a control character or a further level of escapes. */
function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    const decoded = decodeURIComponent(segment);
    if (!/[/\\\p{Cc}]|%[0-9A-Fa-f]{2}/u.test(decoded)) return decoded;
  } catch {
    // not UTF-8, or half an escape: said below
  }
  throw badPath();
}

const badPath = (): InvalidArgumentError =>
  InvalidArgumentError.of(
    'path',
    `must be absolute, of at most ${PATH_CHARACTERS_MAX} characters, without ., .. or escaped separators`,
  );

function notAllowed(methods: readonly HttpMethod[]): HttpRefusal {
  const allow = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return new HttpRefusal(405, 'UNIMPLEMENTED', `use ${allow}`, { allow });
}
