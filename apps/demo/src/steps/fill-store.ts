import { FIRST_FILES } from '../dates.ts';
import { applyRepository, repositoryFolder } from '../feature-store.ts';
import { ingestPeriods, thousands, type Stage } from '../stage.ts';

export interface Filled {
  readonly acceptedRows: number;
  readonly quarantinedRows: number;
  /** Rows by what they broke, as `column rule`. */
  readonly breaches: Readonly<Record<string, number>>;
}

/** Contracts and views in force, and the flights up to the day before the first predictions. */
export async function fillStore(stage: Stage): Promise<Filled> {
  const { alice, screen } = stage;
  screen.step('Apply the feature repository and ingest the flights of January to 7 April 2001');
  const changes = await stage.attempt(() =>
    applyRepository(alice.features, repositoryFolder(), `${stage.model}-repository`),
  );
  screen.result(`applied: ${changes.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`);
  let [acceptedRows, quarantinedRows] = [0, 0];
  const breaches: Record<string, number> = {};
  for (const ingested of await ingestPeriods(stage, FIRST_FILES)) {
    acceptedRows += ingested.accepted;
    quarantinedRows += ingested.quarantined;
    for (const [breach, rows] of Object.entries(ingested.breaches)) breaches[breach] = (breaches[breach] ?? 0) + rows;
  }
  const broken = Object.entries(breaches).map(([breach, rows]) => `${rows} by ${breach}`);
  screen.result(
    `${thousands(acceptedRows)} flights; ${quarantinedRows} broke the contract and are kept aside: ${broken.join(', ')}`,
  );
  screen.look('npm run slipway -- features ingestions');
  return { acceptedRows, quarantinedRows, breaches };
}
