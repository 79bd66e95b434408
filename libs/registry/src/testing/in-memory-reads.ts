import type { GateEvaluation } from '@slipway/plugin-kit';
import { isLive } from '../domain/alias.ts';
import type { RegistryReads } from '../domain/unit-of-work.ts';
import { compareKeys, pageOfRows, pageOfSearch } from './in-memory-pages.ts';
import type { InMemoryState } from './in-memory-state.ts';

/** The reads of one workspace on one state. */
export function inMemoryReads(state: InMemoryState, workspace: string): RegistryReads {
  const { models, versions, aliases, moves, policies } = state;
  const settled = <T>(value: T): Promise<T> => Promise.resolve(value);
  return {
    models: {
      get: (name) => settled(models.get(workspace, name)),
      search: (search, page) =>
        settled(
          pageOfSearch(
            models.below(workspace).filter(({ deleted }) => !deleted),
            search,
            page,
          ),
        ),
      list: ({ field, descending }, page) =>
        settled(
          pageOfRows(
            models.below(workspace).filter(({ deleted }) => !deleted),
            page,
            {
              list: `models ${field} ${descending}`,
              keyOf: (model) => (field === 'name' ? [model.name] : [model.createTime, model.name]),
              descending,
            },
          ),
        ),
    },
    versions: {
      get: (model, version) => settled(versions.get(workspace, model, version)?.version),
      search: (search, page) =>
        settled(
          pageOfSearch(
            versions.below(workspace).map(({ version }) => version),
            search,
            page,
          ),
        ),
      envelope: (model, version) => settled(versions.get(workspace, model, version)?.envelope),
      list: (model, descending, page) =>
        settled(
          pageOfRows(
            versions.below(workspace, model).map(({ version }) => version),
            page,
            {
              list: `versions ${model} ${descending}`,
              keyOf: ({ version }) => [version],
              descending,
            },
          ),
        ),
    },
    aliases: {
      get: (model, alias) => settled(aliases.get(workspace, model, alias)),
      ofModels: (names) => {
        const live = names.flatMap((name) => aliases.below(workspace, name)).filter(isLive);
        return settled(live.sort((left, right) => compareKeys([left.model, left.name], [right.model, right.name])));
      },
      list: ({ model, allWorkspaces }, page) => {
        const rows = (allWorkspaces ? aliases.below() : aliases.below(workspace)).filter(isLive);
        return settled(
          pageOfRows(
            rows.filter((alias) => model === undefined || alias.model === model),
            page,
            {
              list: `aliases ${model ?? ''} ${allWorkspaces}`,
              keyOf: (alias) => [alias.workspace, alias.model, alias.name],
              descending: false,
            },
          ),
        );
      },
    },
    moves: {
      list: (model, alias, page) =>
        settled(
          pageOfRows(moves.below(workspace, model, alias), page, {
            list: `moves ${model} ${alias}`,
            keyOf: ({ revision }) => [revision],
            descending: true,
          }),
        ),
    },
    policies: { get: (model, alias) => settled(policies.get(workspace, model, alias)) },
    ...inMemoryRecords(state, workspace),
  };
}

function inMemoryRecords(
  { evaluations, approvals }: InMemoryState,
  workspace: string,
): Pick<RegistryReads, 'evaluations' | 'approvals'> {
  const newestFirst = { keyOf: ({ sequence }: { sequence: bigint }) => [sequence], descending: true };
  return {
    evaluations: {
      list: (model, version, page) => {
        const rows = evaluations.below(workspace, model, version);
        return Promise.resolve(pageOfRows(rows, page, { list: `evaluations ${model} ${version}`, ...newestFirst }));
      },
      newest: (model, version) => {
        const newest = new Map<string, GateEvaluation>();
        const rows = evaluations.below(workspace, model, version);
        for (const { dataset, metrics } of rows.sort((a, b) => compareKeys([a.sequence], [b.sequence]))) {
          for (const [metric, value] of Object.entries(metrics)) {
            newest.set(JSON.stringify([metric, dataset]), { metric, dataset, value });
          }
        }
        return Promise.resolve([...newest.values()]);
      },
    },
    approvals: {
      list: (model, version, page) => {
        const rows = approvals.below(workspace, model, version);
        return Promise.resolve(pageOfRows(rows, page, { list: `approvals ${model} ${version}`, ...newestFirst }));
      },
      about: (model, version, alias) => {
        const rows = approvals.below(workspace, model, version).filter((approval) => approval.alias === alias);
        return Promise.resolve(rows.sort((a, b) => compareKeys([a.sequence], [b.sequence])));
      },
    },
  };
}
