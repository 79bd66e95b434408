import { pageOf, pageQuery, type Keyset, type Snapshot } from '@slipway/persistence';
import type { RunStep } from '../domain/run.ts';
import type { PipelineReads } from '../domain/unit-of-work.ts';
import {
  PipelineRow,
  RevisionRow,
  RunRow,
  StepRow,
  TriggerRow,
  type PipelineRecord,
  type RunRecord,
} from './entities.ts';
import { revisionOf, runOf, stepOf, triggerOf } from './rows.ts';

/** Rows are read as values: a change goes through its own statement, so there is nothing to track. */
export const UNTRACKED = { disableIdentityMap: true } as const;
const NAMES_MAX = 1_000;

type Reader = Pick<Snapshot, 'em'>;

/** The reads of one workspace in one snapshot or transaction. */
export const pipelineReads = ({ em }: Reader, workspace: string): PipelineReads => ({
  pipelines: pipelineReadsOf({ em }, workspace),
  runs: runReads({ em }, workspace),
  triggers: {
    of: async (pipeline) => {
      const options = { orderBy: { name: 'asc' }, ...UNTRACKED } as const;
      return (await em.find(TriggerRow, { workspace, pipeline }, options)).map(triggerOf);
    },
    ofEvent: async (expression) => {
      const where = { workspace, expression, kind: 'event' };
      const options = { orderBy: { pipeline: 'asc', name: 'asc' }, ...UNTRACKED } as const;
      return (await em.find(TriggerRow, where, options)).map(triggerOf);
    },
  },
});

function pipelineReadsOf({ em }: Reader, workspace: string): PipelineReads['pipelines'] {
  const revision = async (name: string, wanted: bigint) => {
    const row = await em.findOne(RevisionRow, { workspace, name, revision: wanted }, UNTRACKED);
    return row ? revisionOf(row) : undefined;
  };
  const inForce = { workspace, isDeleted: false };
  return {
    revision,
    current: async (name) => {
      const row = await em.findOne(PipelineRow, { ...inForce, name }, UNTRACKED);
      return row ? revision(name, row.revision) : undefined;
    },
    names: async () => {
      const options = { orderBy: { name: 'asc' }, limit: NAMES_MAX, ...UNTRACKED } as const;
      return (await em.find(PipelineRow, inForce, options)).map(({ name }) => name);
    },
    list: async (page) => {
      const keyset: Keyset<PipelineRecord> = {
        workspace,
        list: 'pipelines',
        filter: [],
        fields: { name: 'string' },
        descending: false,
        keyOf: ({ name }) => [name],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const rows = await em.find(PipelineRow, { ...inForce, ...where }, { ...query, ...UNTRACKED });
      const { items, ...rest } = pageOf(rows, keyset, page, ({ name, revision: newest }) => ({ name, newest }));
      const found = await Promise.all(items.map(({ name, newest }) => revision(name, newest)));
      return { ...rest, items: found.filter((each) => each !== undefined) };
    },
  };
}

function runReads({ em }: Reader, workspace: string): PipelineReads['runs'] {
  const stepsOf = async (runs: readonly string[]): Promise<ReadonlyMap<string, readonly RunStep[]>> => {
    const options = { orderBy: { run: 'asc', position: 'asc' }, ...UNTRACKED } as const;
    const rows = await em.find(StepRow, { workspace, run: { $in: [...runs] } }, options);
    const found = new Map<string, RunStep[]>(runs.map((run) => [run, []]));
    for (const row of rows) found.get(row.run)?.push(stepOf(row));
    return found;
  };
  return {
    get: async (id) => {
      const row = await em.findOne(RunRow, { workspace, id }, UNTRACKED);
      return row ? { run: runOf(row), steps: (await stepsOf([id])).get(id) ?? [] } : undefined;
    },
    list: async (pipeline, page) => {
      const keyset: Keyset<RunRecord> = {
        workspace,
        list: 'pipeline runs',
        filter: [pipeline ?? ''],
        fields: { id: 'string' },
        descending: true,
        keyOf: ({ id }) => [id],
      };
      const { where, ...query } = pageQuery(keyset, page);
      const filter = pipeline === undefined ? { workspace } : { workspace, pipeline };
      const rows = await em.find(RunRow, { ...filter, ...where }, { ...query, ...UNTRACKED });
      const { items, ...rest } = pageOf(rows, keyset, page, runOf);
      const steps = await stepsOf(items.map(({ id }) => id));
      return { ...rest, items: items.map((run) => ({ run, steps: steps.get(run.id) ?? [] })) };
    },
    active: async (pipeline) => {
      const where = { workspace, pipeline, state: { $in: ['running', 'waiting'] } };
      return (await em.find(RunRow, where, { orderBy: { id: 'asc' }, ...UNTRACKED })).map(runOf);
    },
  };
}
