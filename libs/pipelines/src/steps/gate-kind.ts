import { z } from 'zod';
import { stepRefused } from '../domain/errors.ts';
import { MINUTE_MS, stepKind, type Fillable, type StepKind } from '../domain/step-kind.ts';
import { modelName, name, version } from './fields.ts';
import { within, type PipelineClients } from './services.ts';

/** What the registry calls the check that is not a gate's. */
export const APPROVALS = 'approvals';

const schema = (value: Fillable) =>
  z.strictObject({ model: value(modelName), version: value(version), alias: value(name) });
type Input = z.output<ReturnType<typeof schema>>;

/** Asks the gates of an alias; approvals are another step's. A refusal ends the run: nobody has failed, and nothing is to be repeated. */
export const gateKind = ({ registry }: Pick<PipelineClients, 'registry'>): StepKind =>
  stepKind<Input>({
    kind: 'gate',
    timeoutMs: 10 * MINUTE_MS,
    results: ['version', 'checks'],
    schema,
    execute: async ({ model, version: asked, alias }, context) => {
      const { checks } = await within(registry, context).checkAliasMove({ model, version: asked, alias });
      const gates = checks.filter(({ check }) => check !== APPROVALS);
      const told = gates.map(({ check, reason }) => `${check}: ${reason}`).join('; ');
      const refused = gates.filter(({ passed }) => !passed);
      if (refused.length > 0) {
        const why = refused.map(({ check, reason }) => `${check}: ${reason}`).join('; ');
        throw stepRefused('GATE_REFUSED', `version ${asked} of '${model}' may not become '${alias}': ${why}`);
      }
      return {
        version: asked,
        checks: gates.map(({ check, reason }) => ({ check, reason })),
        message: told === '' ? `alias '${alias}' asks no gate` : told,
      };
    },
  });
