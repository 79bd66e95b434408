import type { ConfigProblem } from './config-error.ts';

/** One word of the command line that was understood; `name` is without dashes. */
export interface FlagValue {
  readonly name: string;
  readonly value: string | boolean;
}

export interface Flags {
  readonly values: readonly FlagValue[];
  readonly problems: readonly ConfigProblem[];
}

/**
 * Splits the command line. `--x=1`, `--x 1`; a name in `switches` stands alone, or as `--no-x`, or as `--x=false`.
 * @param argv without the program and the script.
 */
export function readFlags(argv: readonly string[], switches: ReadonlySet<string>): Flags {
  const values: FlagValue[] = [];
  const problems: ConfigProblem[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (!word.startsWith('--') || word.length === 2) {
      problems.push({ setting: word, description: 'is not a flag; settings are written --name value' });
      continue;
    }
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const next = argv[index + 1];
    if (equals >= 0) values.push({ name, value: word.slice(equals + 1) });
    else if (switches.has(name)) values.push({ name, value: true });
    else if (name.startsWith('no-') && switches.has(name.slice(3))) values.push({ name: name.slice(3), value: false });
    else if (next === undefined || next.startsWith('--')) {
      problems.push({ setting: `--${name}`, description: `lacks a value; write --${name}=value` });
    } else {
      values.push({ name, value: next });
      index += 1;
    }
  }
  return { values, problems: [...problems, ...repeated(values)] };
}

function repeated(values: readonly FlagValue[]): ConfigProblem[] {
  const seen = new Set<string>();
  const problems: ConfigProblem[] = [];
  for (const { name } of values) {
    if (seen.has(name)) problems.push({ setting: `--${name}`, description: 'is given twice' });
    seen.add(name);
  }
  return problems;
}
