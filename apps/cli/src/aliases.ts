import type { Command } from 'commander';
import type { RunCommand } from './run-command.ts';

interface CommentOption {
  readonly comment: string;
}

export function addAliasCommands(program: Command, run: RunCommand): void {
  program
    .command('aliases [model]')
    .description('which version each alias names')
    .action((model: string | undefined) =>
      run(async ({ registry }, print) => {
        const { aliases } = await registry.listAliases({ model: model ?? '', page_size: 1000 });
        const rows = aliases.map((alias) => ({
          model: alias.model,
          alias: alias.name,
          version: alias.version,
          moves: alias.revision,
          by: alias.principal,
        }));
        print.table(rows, aliases);
      }),
    );
  program
    .command('approve <model> <version> <alias>')
    .description('agree that a version of somebody else takes an alias')
    .option('--comment <text>', 'what was looked at', '')
    .action((model: string, version: string, alias: string, { comment }: CommentOption) =>
      run(async ({ registry }, print) => {
        const { approval } = await registry.approveModelVersion({ model, version, alias, comment });
        print.line(`${approval?.principal} approved version ${version} of ${model} for ${alias}`, approval);
      }),
    );
  program
    .command('reject <model> <version> <alias>')
    .description('refuse it; approvals given before no longer count')
    .option('--comment <text>', 'why', '')
    .action((model: string, version: string, alias: string, { comment }: CommentOption) =>
      run(async ({ registry }, print) => {
        const { approval } = await registry.rejectModelVersion({ model, version, alias, comment });
        print.line(`${approval?.principal} rejected version ${version} of ${model} for ${alias}`, approval);
      }),
    );
  program
    .command('check <model> <alias> <version>')
    .description('would the alias move now, and if not, why')
    .action((model: string, alias: string, version: string) =>
      run(async ({ registry }, print) => {
        const answer = await registry.checkAliasMove({ model, alias, version });
        print.table(
          answer.checks.map(({ check, passed, reason }) => ({ check, passed: passed ? 'yes' : 'no', reason })),
          answer,
        );
      }),
    );
  program
    .command('move <model> <alias> <version>')
    .description('point an alias at a version')
    .action((model: string, alias: string, version: string) =>
      run(async ({ registry }, print) => {
        const { alias: moved } = await registry.moveAlias({ model, alias, version });
        print.line(`${alias} of ${model} is version ${moved?.version}`, moved);
      }),
    );
  program
    .command('rollback <model> <alias>')
    .description('point an alias back at the version before')
    .action((model: string, alias: string) =>
      run(async ({ registry }, print) => {
        const { alias: moved } = await registry.rollBackAlias({ model, alias });
        print.line(`${alias} of ${model} is version ${moved?.version} again`, moved);
      }),
    );
}
