/** Prints commits per second of the unit of work (one row, one event, optionally one audit record) on both databases. */
import { aliasMoved } from '@slipway/contracts';
import { Account, accountMigrations } from '../src/testing/ledger-entity.ts';
import { openTestDatabase, postgresDatabases, sqliteDatabases, testCaller } from '../src/testing/test-databases.ts';

const COMMITS = 2_000;
const context = { caller: testCaller(), requestId: 'measure' };

for (const start of [sqliteDatabases, postgresDatabases]) {
  const databases = await start();
  const options = { entities: [Account], migrations: accountMigrations };
  const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), options);
  for (const [parallel, audited] of [
    [1, false],
    [1, true],
    [16, false],
    [16, true],
  ] as const) {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < COMMITS) {
        const name = `${parallel}-${audited}-${(next += 1)}`;
        await unitOfWork.run(context, (tx) => {
          tx.em.persist(tx.em.create(Account, { workspace: 'default', name, amount: 1 }));
          tx.outbox.add(aliasMoved, { ...aliasMoved.sample, model: name });
          if (audited) tx.audit.add({ action: 'measure', resource: name });
          return Promise.resolve();
        });
      }
    };
    const begin = performance.now();
    await Promise.all(Array.from({ length: parallel }, worker));
    const rate = Math.round(COMMITS / ((performance.now() - begin) / 1000));
    const what = `${databases.driver}, ${parallel} writers, ${audited ? 'with' : 'without'} audit`;
    process.stdout.write(`${what}: ${rate} commits/s\n`);
  }
  await database.close();
  await databases.stop();
}
