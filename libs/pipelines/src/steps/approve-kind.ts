import type { Approval__Output } from '@slipway/contracts/slipway.registry.v1';
import { z } from 'zod';
import { stepRefused } from '../domain/errors.ts';
import { DAY_MS, stepKind, type Fillable, type StepKind } from '../domain/step-kind.ts';
import { duration, modelName, name, version } from './fields.ts';
import { APPROVALS } from './gate-kind.ts';
import { within, type PipelineClients } from './services.ts';

const schema = (value: Fillable) =>
  z.strictObject({
    model: value(modelName),
    version: value(version),
    alias: value(name),
    /** Between two looks. */
    every: value(duration).default(1_000),
  });
type Input = z.output<ReturnType<typeof schema>>;

/** Waits until as many people have approved as the alias asks for. One who rejects ends the run, unless the same one approves later. */
export const approveKind = ({ registry }: Pick<PipelineClients, 'registry'>): StepKind =>
  stepKind<Input>({
    kind: 'approve',
    timeoutMs: 7 * DAY_MS,
    results: ['version', 'approvals'],
    schema,
    execute: async ({ model, version: asked, alias, every }, context) => {
      const calls = within(registry, context);
      for (let shown = ''; ;) {
        const { checks } = await calls.checkAliasMove({ model, version: asked, alias });
        const check = checks.find((each) => each.check === APPROVALS);
        if (check?.passed !== false) {
          const told = check?.reason ?? 'no approval is required';
          return { version: asked, approvals: told, message: told };
        }
        const against = lastRejection(
          (await calls.listApprovals({ model, version: asked, page_size: 1_000 })).approvals,
          alias,
        );
        if (against)
          throw stepRefused('APPROVAL_REJECTED', `'${against.principal}' rejected version ${asked} of '${model}' for '${alias}': ${against.comment}`); // prettier-ignore
        const waits = `waits for approval of version ${asked} of '${model}' for '${alias}': ${check.reason}`;
        if (waits !== shown) await context.wait(waits);
        shown = waits;
        await context.clock.sleep(every, context.signal);
      }
    },
  });

/** What each principal decided last counts. */
function lastRejection(approvals: readonly Approval__Output[], alias: string): Approval__Output | undefined {
  const last = new Map<string, Approval__Output>();
  const timeOf = ({ time }: Approval__Output): number => Number(time?.seconds ?? 0) + (time?.nanos ?? 0) / 1e9;
  for (const each of approvals.filter((decided) => decided.alias === alias)) {
    const known = last.get(each.principal);
    if (!known || timeOf(each) > timeOf(known)) last.set(each.principal, each);
  }
  return [...last.values()].find(({ decision }) => decision === 'APPROVAL_DECISION_REJECTED');
}
