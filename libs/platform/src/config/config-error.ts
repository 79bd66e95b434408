import { InvalidArgumentError } from '@slipway/kernel';

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  /** The setting, or the flag, variable or file key that names none. */
  readonly setting: string;
  /** What is wrong, where it came from and what to do. */
  readonly description: string;
}

/** Everything that is wrong with the configuration, at once. */
export class ConfigError extends InvalidArgumentError {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ setting, description }) => ({ field: setting, description })),
      { reason: 'CONFIG_INVALID' },
    );
    this.problems = problems;
  }

  /** One line per problem, for people. */
  describe(): string {
    const count = this.problems.length === 1 ? 'a problem' : `${this.problems.length} problems`;
    const lines = this.problems.map(({ setting, description }) => `  ${setting}: ${description}`);
    return [`the configuration has ${count}:`, ...lines, '--help lists all settings'].join('\n');
  }
}
