import { ENDPOINTS } from './endpoints.ts';
import type { CheckOutcome } from './run-checks.ts';

/** All checks of one client against one backend. */
export interface Cell {
  readonly client: string;
  readonly backend: string;
  readonly outcomes: readonly CheckOutcome[];
}

/** A Markdown table: endpoints by client and backend, in each cell the checks that passed and those there are. */
export function matrixOf(cells: readonly Cell[]): string {
  const titles = cells.map(({ client, backend }) => `${client}, ${backend}`);
  const count = (endpoint: string, { outcomes }: Cell): string => {
    const ours = outcomes.filter(({ endpoints, outcome }) => endpoints.includes(endpoint) && outcome !== 'not in this client'); // prettier-ignore
    return `${ours.filter(({ outcome }) => outcome === 'passed').length} of ${ours.length}`;
  };
  const total = ({ outcomes }: Cell): string => {
    const ours = outcomes.filter(({ outcome }) => outcome !== 'not in this client');
    return `${ours.filter(({ outcome }) => outcome === 'passed').length} of ${ours.length}`;
  };
  const row = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;
  return `${[
    '# What the unmodified mlflow client finds',
    '',
    'Checks passed, by endpoint. Written by `SLIPWAY_TEST_TIER=full npx vitest run apps/slipway/test/mlflow`.',
    '',
    row(['endpoint', ...titles]),
    row(['---', ...cells.map(() => '---')]),
    ...ENDPOINTS.map((endpoint) => row([`\`${endpoint}\``, ...cells.map((cell) => count(endpoint, cell))])),
    row(['all checks', ...cells.map(total)]),
  ].join('\n')}\n`;
}
