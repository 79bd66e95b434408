import { writeSync } from 'node:fs';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { eventBusSqlitePlugin } from '../index.ts';

/** Publishes until it is killed and prints the ids of every confirmed call. Arguments: data directory, name of the round. */
const [dataDirectory = '', round = ''] = process.argv.slice(2);
const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
  clock: systemClock,
  ids: createIdSource(systemClock, systemRandom),
  log: silentLogger,
  dataDirectory,
});
await bus.open(AbortSignal.timeout(5_000));

async function publisher(who: number): Promise<never> {
  for (let turn = 0; ; turn++) {
    const ids = [`${round}-${who}-${turn}-a`, `${round}-${who}-${turn}-b`];
    const messages = ids.map((id) => ({
      subject: 'slipway.v1.default.kill.thing.happened',
      id,
      key: `${round}-${who}`,
      data: Buffer.alloc(200, id),
      headers: {},
    }));
    const receipts = await bus.publish(messages, new AbortController().signal);
    const lines = receipts.map(({ id, sequence }) => `${id} ${sequence}\n`).join('');
    writeSync(1, lines); // at once, so that what the parent read was confirmed
  }
}

await Promise.all([publisher(0), publisher(1), publisher(2)]);
