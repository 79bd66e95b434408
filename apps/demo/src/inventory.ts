import { createHash } from 'node:crypto';
import { canonicalJson } from '@slipway/kernel';
import type { Principal } from './principals.ts';

/** Services have names of their own, and fewer of them where they share a process. */
const who = (principal: string): string => (/^service(:|$)/.test(principal) ? 'a service' : principal);

/** All that the registry holds of one model, without times and ids: equal histories have equal inventories, whatever they run on. */
export async function inventoryOf(reader: Principal, model: string): Promise<unknown> {
  const { registry } = reader;
  const { versions } = await registry.listModelVersions({ model, page_size: 1000 });
  const { aliases } = await registry.listAliases({ model, page_size: 1000 });
  return {
    versions: await Promise.all(
      versions.map(
        async ({ version, files, graph, inputs, outputs, features, training_set_id, principal, tags, description }) => {
          const { evaluations } = await registry.listEvaluations({ model, version, page_size: 1000 });
          const { approvals } = await registry.listApprovals({ model, version, page_size: 1000 });
          return {
            version,
            files,
            graph,
            inputs,
            outputs,
            features,
            training_set_id,
            principal: who(principal),
            tags,
            description,
            evaluations: evaluations.map((one) => ({
              dataset: one.dataset,
              rows: one.rows,
              metrics: one.metrics,
              principal: who(one.principal),
            })),
            approvals: approvals.map((one) => ({
              alias: one.alias,
              decision: one.decision,
              principal: who(one.principal),
              comment: one.comment,
            })),
          };
        },
      ),
    ),
    aliases: await Promise.all(
      aliases.map(async ({ name, version, revision }) => {
        const { moves } = await registry.listAliasMoves({ model, alias: name, page_size: 1000 });
        return {
          name,
          version,
          revision,
          moves: moves.map((one) => [
            one.revision,
            one.previous_version,
            one.version,
            who(one.principal),
            one.rolled_back,
          ]),
        };
      }),
    ),
  };
}

/** sha256 of the canonical form. */
export function inventoryHash(inventory: unknown): string {
  return createHash('sha256').update(canonicalJson(inventory)).digest('hex');
}

/** All that tracking holds of the runs of one experiment, without times and ids. */
export async function runsOf(reader: Principal, experimentId: string): Promise<unknown> {
  const { tracking } = reader;
  const { runs } = await tracking.searchRuns({ experiment_ids: [experimentId], page_size: 1000 });
  const described = await Promise.all(
    runs.map(async (run) => {
      const { artifacts } = await tracking.listArtifacts({ run_id: run.run_id, path: 'model' });
      return {
        name: run.run_name,
        status: run.status,
        principal: who(run.principal),
        params: run.params,
        metrics: run.metrics.map(({ key, value, step }) => [key, value, step]),
        datasets: run.datasets.map(({ dataset, tags }) => [dataset?.name, dataset?.digest, dataset?.source, tags]),
        artifacts: artifacts.map(({ path, bytes, sha256 }) => [path, bytes, sha256]),
      };
    }),
  );
  return described.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
