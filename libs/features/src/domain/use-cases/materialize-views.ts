import type { LatestRows, OnlineRow, OnlineTable } from '@slipway/plugin-kit';
import type { FeatureDependencies, WorkHandle } from '../dependencies.ts';
import { rowTooLarge, viewNotFound } from '../errors.ts';
import type { Segment } from '../ingestion.ts';
import { didYouMean } from '../near-names.ts';
import { encodeBatchKeys } from '../online/key-codec.ts';
import { RowCodec } from '../online/row-codec.ts';
import type { FeatureView } from '../repository/feature-repository.ts';
import type { IndexedRepository } from '../repository-cache.ts';
import type { Call } from '../unit-of-work.ts';
import type { MaterializedView, ViewState } from '../view-state.ts';
import { toViewTable } from '../view-table.ts';
import { holdView, type ViewLease } from './view-lease.ts';

const VALUES_BYTES_MAX = 65_536;

/** Which views a request means: all of them when it names none. @throws {NotFoundError} reason VIEW_NOT_FOUND. */
export function selectViews(names: readonly string[], { views }: IndexedRepository): readonly FeatureView[] {
  if (names.length === 0) return [...views.values()];
  return [...new Set(names)].map((name) => {
    const view = views.get(name);
    if (!view) throw viewNotFound(name, didYouMean(name, [...views.keys()]));
    return view;
  });
}

/** Table of a view's rows in the online store: another definition is another table. */
export const onlineTable = (
  workspace: string,
  { name, digest }: Pick<FeatureView, 'name' | 'digest'>,
): OnlineTable => ({
  workspace,
  view: name,
  schema: digest,
});

/**
 * Brings the rows that arrived since the last time to the online store. The mark of how far a view is moves only after its rows are written, and
 * rows that are written twice change nothing; so the work can be done again from the start as often as it breaks off.
 * @param names empty for all, and then also what is left of views that are gone is removed.
 */
export async function materializeViews(
  call: Call,
  names: readonly string[],
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<readonly MaterializedView[]> {
  const { workspace } = call.caller;
  const repository = await deps.repositories.refresh(workspace);
  const done: MaterializedView[] = [];
  const views = selectViews(names, repository);
  handle.progress(0, views.length);
  for (const view of views) {
    const work = () => materializeView(call, view, deps, handle);
    done.push(await deps.turns.run(`view/${workspace}/${view.name}`, handle.signal, work));
    handle.progress(done.length, views.length);
  }
  if (names.length === 0) await removeStrangers(call, repository, deps, handle);
  return done;
}

async function materializeView(
  call: Call,
  view: FeatureView,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<MaterializedView> {
  const lease = await holdView(call, view.name, deps, handle);
  try {
    const { workspace } = call.caller;
    const { arrival, segments } = await readSource(call, view, deps);
    const isSame = lease.state.digest === view.digest;
    const from = isSame ? lease.state.arrival : 0n;
    // Named before anything is written there, so that it can be removed whatever happens.
    await lease.change({ tables: [...new Set([...lease.state.tables, view.digest])] });
    const written = arrival > from ? await writeRows(call, view, { segments, from }, deps, handle, lease) : NOTHING;
    deps.atStep('written');
    const result = { view: view.name, arrival, ...written };
    await commit(lease, view, result);
    for (const schema of lease.state.tables) {
      if (schema !== view.digest)
        await deps.online.drop(onlineTable(workspace, { name: view.name, digest: schema }), handle.signal);
    }
    await lease.change({ tables: [view.digest] });
    return result;
  } finally {
    await lease.release();
  }
}

const NOTHING = { keys: 0n, stored: 0n };

async function commit(
  lease: ViewLease,
  { digest }: FeatureView,
  { view, arrival, stored }: MaterializedView,
): Promise<void> {
  const isNews = lease.state.digest !== digest || lease.state.arrival !== arrival;
  await lease.change(
    (now) => ({ digest, arrival, materializeTime: now }),
    (tx) => {
      if (isNews) tx.events.add({ kind: 'view-materialized', view, arrival, stored });
    },
  );
}

const readSource = ({ caller }: Call, view: FeatureView, { unitOfWork }: FeatureDependencies) =>
  unitOfWork.read(caller, async ({ sources, ingestions }) => {
    const arrival = (await sources.get(view.source))?.arrival ?? 0n;
    return { arrival, segments: await ingestions.segments(view.source, arrival) };
  });

interface Range {
  readonly segments: readonly Segment[];
  /** Rows that arrived after this are new. */
  readonly from: bigint;
}

async function writeRows(
  call: Call,
  view: FeatureView,
  { segments, from }: Range,
  { files, offline, online }: FeatureDependencies,
  { signal }: WorkHandle,
  lease: ViewLease,
): Promise<{ keys: bigint; stored: bigint }> {
  const { workspace } = call.caller;
  const codec = new RowCodec(view.features);
  const table = onlineTable(workspace, view);
  const batchMax = online.capabilities.writeRowsMax;
  const opened = await files.open(
    workspace,
    segments.map(({ file }) => file),
    signal,
  );
  let [keys, stored] = [0, 0];
  try {
    for await (const batch of offline.readLatest(toViewTable(view, segments, opened.paths), from, signal)) {
      const rows = toOnlineRows(view, codec, batch);
      keys += rows.length;
      for (let at = 0; at < rows.length; at += batchMax) {
        stored += (await online.write(table, rows.slice(at, at + batchMax), signal)).stored;
        await lease.renew();
      }
    }
  } finally {
    opened.release();
  }
  return { keys: BigInt(keys), stored: BigInt(stored) };
}

/** Rows without a key cannot be asked for and are left out. */
function toOnlineRows(view: FeatureView, codec: RowCodec, batch: LatestRows): readonly OnlineRow[] {
  const keyCount = view.joinKeys.length;
  const keys = encodeBatchKeys(batch.columns.slice(0, keyCount), batch.rows);
  const values = codec.encode(batch.columns.slice(keyCount), batch.rows);
  return keys.flatMap((key, row) => {
    const bytes = values[row];
    if (!key || !bytes) return [];
    if (bytes.length > VALUES_BYTES_MAX) throw rowTooLarge(view.name, bytes.length, VALUES_BYTES_MAX);
    const [eventTime = 0n, createdTime = 0n] = [batch.eventTimes[row], batch.createdTimes[row]];
    return [{ key, values: bytes, eventTime, createdTime, arrival: batch.arrivals[row] ?? 0n }];
  });
}

/** Drops what is online of views that the repository does not have any more. */
async function removeStrangers(
  call: Call,
  { views }: IndexedRepository,
  deps: FeatureDependencies,
  handle: WorkHandle,
): Promise<void> {
  const states: readonly ViewState[] = await deps.unitOfWork.read(call.caller, (reads) => reads.views.all());
  for (const { view: name } of states.filter(({ view }) => !views.has(view))) {
    const lease = await holdView(call, name, deps, handle);
    try {
      for (const digest of lease.state.tables) {
        await deps.online.drop(onlineTable(call.caller.workspace, { name, digest }), handle.signal);
      }
      await lease.forget();
    } finally {
      await lease.release();
    }
  }
}
