import { systemRandom } from '@slipway/kernel';
import { createToken, ROLES } from '@slipway/platform';
import type { Command } from 'commander';

interface TokenOptions {
  readonly workspaces: string;
  readonly roles: string;
}

/** Prints a new token and the entry for the token file; nothing is stored. */
export function addTokenCommand(program: Command, out: { write(text: string): unknown }): void {
  program
    .command('token <principal>')
    .description('make a token; only its sha256 goes into the token file')
    .option('--workspaces <names>', 'workspaces with commas between them, * for every one', 'default')
    .requiredOption('--roles <names>', `roles with commas between them: ${Object.keys(ROLES).join(', ')}`)
    .action((principal: string, options: TokenOptions) => {
      const roles = options.roles.split(',');
      const unknown = roles.filter((role) => !Object.hasOwn(ROLES, role));
      if (unknown.length > 0)
        throw new Error(`no role '${unknown.join("', '")}'; there are ${Object.keys(ROLES).join(', ')}`);
      const { token, entry } = createToken(systemRandom, {
        principal,
        workspaces: options.workspaces.split(','),
        roles,
      });
      out.write(`${JSON.stringify({ token, entry }, null, 2)}\n`);
    });
}
