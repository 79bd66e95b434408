import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, grpcTransport, type Client } from '@slipway/clients';
import { registryService, type AliasMove__Output, type RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { DEFAULT_WORKSPACE, NotFoundError, silentLogger } from '@slipway/kernel';
import { verifyAudit, type Database } from '@slipway/persistence';
import { expect } from 'vitest';
import { TOKENS, type Installation } from './installation.ts';
import { lineOf, type Journal } from './journal.ts';
import { ledgerFiles, openLedgerDatabase, readApplied, type AppliedEvent } from './ledger.ts';

/** The first few differences of two multisets. */
function differences(expected: Iterable<string>, actual: Iterable<string>): { missing: string[]; beyond: string[] } {
  const left = new Map<string, number>();
  for (const line of expected) left.set(line, (left.get(line) ?? 0) + 1);
  const beyond: string[] = [];
  for (const line of actual) {
    const count = left.get(line) ?? 0;
    if (count === 0) beyond.push(line);
    else left.set(line, count - 1);
  }
  const missing = [...left].filter(([, count]) => count > 0).map(([line]) => line);
  return { missing: missing.slice(0, 5), beyond: beyond.slice(0, 5) };
}
const NONE = { missing: [], beyond: [] };

/** All pages of a list. */
async function pages<Item>(
  next: (page: { page_size: number; page_token: string }) => Promise<{ items: Item[]; token: string }>,
): Promise<Item[]> {
  const all: Item[] = [];
  for (let page_token = ''; ;) {
    const { items, token } = await next({ page_size: 1000, page_token });
    all.push(...items);
    if (token === '') return all;
    page_token = token;
  }
}

type Registry = Client<RegistryService>;

async function readModel(registry: Registry, model: string): Promise<string[]> {
  const versions = await pages(async (page) => {
    const answer = await registry.listModelVersions({ model, ...page });
    return { items: answer.versions, token: answer.next_page_token };
  });
  const numbers = versions.map(({ version }) => Number(version));
  expect(numbers, `versions of ${model} have no gaps`).toEqual(numbers.map((_, index) => index + 1));
  const lines = versions.map((one) => lineOf.version(one, one.tags));
  for (const { version, files } of versions) {
    const { approvals } = await registry.listApprovals({ model, version, page_size: 1000 });
    lines.push(...approvals.map((approval) => lineOf.approval(approval)));
    expect(await downloadedDigest(registry, model, version)).toBe(files[0]?.sha256);
  }
  for (const alias of ['champion', 'challenger']) {
    const moves = await readMoves(registry, model, alias);
    const oldestFirst = moves.toReversed();
    const revisions = oldestFirst.map(({ revision }) => Number(revision));
    expect(revisions, `revisions of ${model}@${alias}`).toEqual(revisions.map((_, index) => index + 1));
    const before = oldestFirst.map((_, index) => oldestFirst[index - 1]?.version ?? '0');
    expect(oldestFirst.map((move) => move.previous_version)).toEqual(before);
    lines.push(...moves.map((move) => lineOf.move(model, alias, move.revision, move.version)));
  }
  return lines;
}

async function readMoves(registry: Registry, model: string, alias: string): Promise<AliasMove__Output[]> {
  try {
    return await pages(async (page) => {
      const answer = await registry.listAliasMoves({ model, alias, ...page });
      return { items: answer.moves, token: answer.next_page_token };
    });
  } catch (error) {
    if (error instanceof NotFoundError) return []; // never moved; if it was, its moves are missed below
    throw error;
  }
}

async function downloadedDigest(registry: Registry, model: string, version: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of registry.downloadModelVersion({ model, version })) if (part.chunk) hash.update(part.chunk);
  return hash.digest('hex');
}

/**
 * Asks the running service for all it holds: exactly what was acknowledged, numbers without gaps, every package as it was uploaded.
 */
export async function verifyState({ address }: Installation, journal: Journal): Promise<void> {
  const transport = grpcTransport({ address, token: () => TOKENS.alice });
  try {
    const registry = createClient(registryService, transport);
    const models = await pages(async (page) => {
      const answer = await registry.listRegisteredModels(page);
      return { items: answer.models, token: answer.next_page_token };
    });
    const lines = models.map((model) => lineOf.model(model.name, model.description, model.tags));
    for (const { name } of models) lines.push(...(await readModel(registry, name)));
    expect(journal.unexpected).toEqual([]);
    expect(differences(journal.stateLines(), lines)).toEqual(NONE);
  } finally {
    await transport.close();
  }
}

interface OutboxState {
  readonly ids: readonly string[];
  readonly waiting: number;
}

const readOutbox = (database: Database): Promise<OutboxState> =>
  database.read(async ({ sql }) => {
    const rows = await sql.all<{ id: string; published_at: unknown }>('select id, published_at from slipway_outbox');
    return {
      ids: rows.map(({ id }) => id),
      waiting: rows.filter((row) => row.published_at === null).length,
    };
  });

/** Waits until the running service has handed every event to the bus; leases of killed relays have to end before that. @returns ms. */
export async function untilPublished(installation: Installation, timeoutMs: number): Promise<number> {
  const began = performance.now();
  const database = await installation.openDatabase();
  try {
    while ((await readOutbox(database)).waiting > 0 && performance.now() - began < timeoutMs) await delay(50);
    return Math.round(performance.now() - began);
  } finally {
    await database.close();
  }
}

/** What the database of a stopped service has to show: nothing waits, and the audit trail has one record per change. */
export async function verifyDatabase(installation: Installation, journal: Journal) {
  const database = await installation.openDatabase();
  try {
    const outbox = await readOutbox(database);
    expect(outbox.waiting).toBe(0);
    const audit = await verifyAudit(database, DEFAULT_WORKSPACE);
    expect(audit).toMatchObject({ intact: true, records: BigInt(journal.auditRecords) });
    return { eventIds: outbox.ids, auditRecords: Number(audit.records) };
  } finally {
    await database.close();
  }
}

type Payload = Readonly<Record<string, string>>;

/** The same line for an event as the journal has for the acknowledged change. */
function lineOfEvent({ type, data }: AppliedEvent): string {
  const event = JSON.parse(data) as Payload;
  if (type.includes('.model.changed.')) return `changed ${event['model']}`;
  if (type.includes('.version.created.')) return `created ${lineOf.version({ ...event, description: '' }, {})}`;
  if (type.includes('.approval.granted.')) return lineOf.approval({ ...event, id: 'granted' });
  return lineOf.move(event['model'], event['alias'], event['revision'], event['version']);
}

/** Numbers that have to arrive as 1, 2, 3, …: versions of a model, revisions of an alias. */
function expectOrder(applied: readonly AppliedEvent[]): void {
  const last = new Map<string, number>();
  for (const { type, data } of applied) {
    const event = JSON.parse(data) as Payload;
    const isMove = type.includes('.alias.moved.');
    if (!isMove && !type.includes('.version.created.')) continue;
    const key = isMove ? `${event['model']}@${event['alias']}` : `${event['model']}`;
    const number = Number(isMove ? event['revision'] : event['version']);
    expect(number, `order of ${type} for ${key}`).toBe((last.get(key) ?? 0) + 1);
    last.set(key, number);
  }
}

/** What the stopped consumer has to have: each event of the outbox once, in order, and no other. */
export async function verifyLedger(directory: string, journal: Journal, eventIds: readonly string[]) {
  const database = await openLedgerDatabase(directory, silentLogger);
  try {
    const applied = await readApplied(database);
    expect(
      differences(
        eventIds,
        applied.map((event) => event.event_id),
      ),
    ).toEqual(NONE);
    expect(differences(journal.eventLines(), applied.map(lineOfEvent))).toEqual(NONE);
    expectOrder(applied);
    const deliveries = readFileSync(ledgerFiles(directory).deliveries, 'utf8').split('\n').length - 1;
    return { applied: applied.length, duplicates: deliveries - applied.length };
  } finally {
    await database.close();
  }
}

/** Waits until the consumer, which may run, has written as many rows as there are events, and a little longer in case it writes more. */
export async function untilApplied(directory: string, events: number, timeoutMs: number): Promise<void> {
  const database = await openLedgerDatabase(directory, silentLogger);
  try {
    const giveUpAt = performance.now() + timeoutMs;
    const count = () => database.read(({ sql }) => sql.all<{ rows: number }>('select count(*) as rows from applied'));
    while (((await count())[0]?.rows ?? 0) < events && performance.now() < giveUpAt) await delay(50);
    await delay(300);
  } finally {
    await database.close();
  }
}

/** Makes answered requests once more, with their request ids. @returns how many were answered as the first time: all of them. */
export async function verifyRepeats({ calls }: Journal): Promise<number> {
  for (const call of calls) expect(await call.repeat()).toEqual(call.answer);
  return calls.length;
}
