import { canonicalJson } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import { VERSION_COLUMN } from '@slipway/batch-worker';
import type { Partition, StoredFile } from './partition.ts';
import type { ScoringJob } from './scoring-job.ts';

const FORMAT = 'slipway.scoring-manifest/v1';

/** What a job published. Numbers that may pass 2^53 are texts. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly workspace: string;
  readonly job: string;
  readonly consumer: string;
  readonly source: string;
  readonly scoring_set: string;
  readonly content_sha256: string;
  readonly from_exclusive: string;
  readonly to_inclusive: string;
  readonly model: string;
  readonly version: number;
  readonly digest: string;
  /** Of every file, in their order. */
  readonly columns: readonly ColumnSpec[];
  readonly outputs: readonly string[];
  readonly rows: number;
  readonly failed_rows: number;
  /** In the order of the rows. */
  readonly files: readonly StoredFile[];
  readonly error_files: readonly StoredFile[];
  /** Of each output over all rows; none without rows. */
  readonly means: Readonly<Record<string, number>>;
  readonly output_sha256: string;
  readonly online: { readonly table: string; readonly keys: readonly string[]; readonly time_column: string } | null;
}

/** What is known of all outputs together. */
export interface OutputDigest {
  readonly sha256: string;
  readonly means: Readonly<Record<string, number>>;
}

/** The same for the same ledger, so that whoever writes it again writes the same bytes. */
export function manifestOf(
  workspace: string,
  job: ScoringJob,
  partitions: readonly Partition[],
  columns: readonly ColumnSpec[],
  { sha256, means }: OutputDigest,
): Manifest {
  const { plan, model, rows } = job;
  const { online } = plan;
  return {
    format: FORMAT,
    workspace,
    job: job.id,
    consumer: plan.consumer,
    source: plan.source,
    scoring_set: rows?.scoringSet ?? '',
    content_sha256: rows?.contentSha256 ?? '',
    from_exclusive: `${rows?.fromExclusive ?? 0n}`,
    to_inclusive: `${rows?.toInclusive ?? 0n}`,
    model: model.name,
    version: model.version,
    digest: model.digest,
    columns: [
      ...columns,
      ...model.outputs.map((name) => ({ name, type: 'number' as const })),
      { name: VERSION_COLUMN, type: 'integer' },
    ],
    outputs: model.outputs,
    rows: job.scoredRows,
    failed_rows: job.failedRows,
    files: partitions.flatMap(({ result }) => result?.output ?? []),
    error_files: partitions.flatMap(({ result }) => result?.errors ?? []),
    means,
    output_sha256: sha256,
    online: online ? { table: online.table, keys: online.keys, time_column: model.timeColumn } : null,
  };
}

export const encodeManifest = (manifest: Manifest): Uint8Array => Buffer.from(canonicalJson(manifest), 'utf8');

/** @returns undefined for what is no manifest. */
export function decodeManifest(content: Uint8Array): Manifest | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(content).toString('utf8')) as Manifest;
    return parsed.format === FORMAT && typeof parsed.job === 'string' ? parsed : undefined;
  } catch {
    return undefined; // damaged, or of somebody else
  }
}
