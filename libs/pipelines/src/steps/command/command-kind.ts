import type { JsonValue } from '@slipway/kernel';
import { z } from 'zod';
import { stepBroken, stepInputInvalid, stepRefused } from '../../domain/errors.ts';
import { didYouMean } from '../../domain/near-names.ts';
import { DAY_MS, stepKind, type Fillable, type StepKind } from '../../domain/step-kind.ts';
import { name } from '../fields.ts';
import type { Command, Commands } from './command-file.ts';
import { runProgram } from './run-command.ts';

/** Of the last line, which is what later steps see. */
const RESULT_BYTES_MAX = 64 * 1024;
const TOLD_CHARACTERS = 300;

const schema = (value: Fillable) =>
  z.strictObject({
    command: value(name),
    parameters: z.record(z.string(), value(z.union([z.string(), z.number(), z.boolean()]))).default({}),
  });
type Input = z.output<ReturnType<typeof schema>>;

/** @param environment of this process; only the variables that a command names are passed on. */
export const commandKind = (commands: Commands, environment: Readonly<Record<string, string | undefined>>): StepKind =>
  stepKind<Input>({
    kind: 'command',
    timeoutMs: DAY_MS,
    results: undefined, // what its last line says
    schema,
    execute: async ({ command: asked, parameters }, context) => {
      const command = commands.get(asked);
      if (!command) {
        const hint = didYouMean(asked, [...commands.keys()]);
        throw stepRefused('STEP_UNSUPPORTED', `the file of commands has no '${asked}'${hint}`);
      }
      assertParameters(command, parameters);
      const { timeoutSeconds, graceSeconds, ...program } = command;
      const end = await runProgram(
        {
          ...program,
          environment: environmentOf(command, environment, {
            SLIPWAY_PARAMETERS: JSON.stringify(parameters),
            SLIPWAY_WORKSPACE: context.workspace,
            SLIPWAY_PIPELINE: context.pipeline,
            SLIPWAY_PIPELINE_RUN: context.runId,
            SLIPWAY_STEP: context.step,
            SLIPWAY_REQUEST_ID: context.key,
          }),
          timeoutMs: timeoutSeconds * 1000,
          graceMs: graceSeconds * 1000,
        },
        context.clock,
        context.signal,
      );
      if (end.code !== 0) {
        const why = end.why === '' ? `it ended with code ${end.code}` : end.why;
        throw stepBroken('COMMAND_FAILED', `command '${asked}': ${why}; ${end.stderr.trim().slice(-TOLD_CHARACTERS)}`);
      }
      const result = resultOf(end.stdout);
      return {
        ...result,
        message: typeof result['message'] === 'string' ? result['message'] : `command '${asked}' is done`,
      };
    },
  });

function assertParameters(command: Command, given: Input['parameters']): void {
  const known = Object.entries(command.parameters);
  const violations = [
    ...Object.keys(given)
      .filter((each) => !Object.hasOwn(command.parameters, each))
      .map((each) => ({ field: `parameters.${each}`, description: 'the command has no such parameter' })),
    ...known.flatMap(([each, { type, required }]) => {
      const value = given[each];
      if (value === undefined) return required ? [{ field: `parameters.${each}`, description: 'is missing' }] : [];
      return typeof value === type ? [] : [{ field: `parameters.${each}`, description: `must be a ${type}` }];
    }),
  ];
  if (violations.length > 0) throw stepInputInvalid(violations);
}

const environmentOf = (
  { environment: names }: Command,
  environment: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...Object.fromEntries(names.flatMap((each) => (environment[each] === undefined ? [] : [[each, environment[each]]]))),
  ...own,
});

/** The last line that was written, when it is a JSON object. */
function resultOf(stdout: string): Readonly<Record<string, JsonValue>> {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{') || Buffer.byteLength(last) > RESULT_BYTES_MAX) return {};
  try {
    return JSON.parse(last) as Readonly<Record<string, JsonValue>>;
  } catch {
    return {}; // a line for people that happens to begin with a bracket
  }
}
