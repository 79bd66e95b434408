import { writeSync } from 'node:fs';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { openDatabase, type DatabaseTarget } from '../../database/open-database.ts';
import { NO_MIGRATIONS, testCaller } from '../../testing/test-databases.ts';
import { createUnitOfWork } from '../../unit-of-work/create-unit-of-work.ts';
import { OperationRunner } from '../operation-runner.ts';

// Begins one operation that runs and one that waits for it, says their ids, and keeps them alive until it is killed.
const { target, leaseMs } = JSON.parse(process.argv[2] ?? '') as { target: DatabaseTarget; leaseMs: number };
const database = await openDatabase(target, { entities: [], migrations: NO_MIGRATIONS, log: silentLogger });
const ids = createIdSource(systemClock, systemRandom);
const unitOfWork = createUnitOfWork({ database, ids, random: systemRandom });
const common = { database, unitOfWork, clock: systemClock, ids, log: silentLogger };
const runner = new OperationRunner({ ...common, leaseMs, runningMax: 1 });
await runner.start();
const running = Promise.withResolvers<void>();
const context = { caller: testCaller(), requestId: 'child' };
const request = { kind: 'test.hang', unit: 'rows', total: 10n };
const first = await runner.begin(context, request, async (operation) => {
  operation.progress(4);
  running.resolve();
  return new Promise(() => undefined);
});
const second = await runner.begin(context, request, () => new Promise(() => undefined));
await running.promise;
await systemClock.sleep(3 * leaseMs); // longer than the lease: the heartbeat keeps both
writeSync(1, `${JSON.stringify([first.id, second.id])}\n`);
