import { aliasMoved, recordEvent, toBusMessage } from '@slipway/contracts';
import { systemClock } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { afterEach, expect, it } from 'vitest';
import type { RegisteredAlias } from './domain/ports.ts';
import { ServingHarness } from './testing/serving-harness.ts';

const never = new AbortController().signal;
const directory = temporaryDirectory();
let harness: ServingHarness | undefined;
afterEach(async () => {
  await harness?.stop();
  directory.remove();
});

/** As the registry publishes it. */
const eventOf = ({ key, target }: RegisteredAlias, id: string) =>
  toBusMessage(
    recordEvent(
      aliasMoved,
      {
        model: key.model,
        alias: key.alias,
        version: `${target.version}`,
        previous_version: '0',
        digest: target.digest,
        revision: `${target.revision}`,
        principal: 'alice',
        rolled_back: false,
      },
      { id, workspace: key.workspace, time: systemClock.now() },
    ),
    'registry',
  );

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await condition());) {
    if (Date.now() > deadline) throw new Error('it did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('follows the events of a real bus: moves, repeats, a late one, a deletion, and those that came while it was down', async () => {
  const first = (harness = await ServingHarness.start({ directory: directory.path }));
  for (const version of [1, 2, 3]) first.publish('m', version);
  const answers = async (made: ServingHarness, version: string): Promise<boolean> =>
    made.infer('m', [0]).then(
      (answer) => answer.version === version,
      () => version === 'none',
    );
  const moves = [1, 2, 3, 0].map((version) => first.registry.move('m', 'champion', version));
  const [one, two, three, deleted] = moves as [RegisteredAlias, RegisteredAlias, RegisteredAlias, RegisteredAlias];
  await first.bus.publish([eventOf(one, 'e1')], never);
  await until(() => answers(first, '1'));
  await first.bus.publish([eventOf(three, 'e3'), eventOf(two, 'e2'), eventOf(one, 'e1-again')], never);
  await until(() => answers(first, '3'));
  await first.service.models.settled();
  expect(await answers(first, '3')).toBe(true);
  await first.bus.publish([eventOf(deleted, 'e4')], never);
  await until(() => answers(first, 'none'));

  const created = first.registry.move('m', 'champion', 3);
  const { registry, bus } = first;
  for (const component of [...first.service.components].reverse()) await component.drain?.(never);
  await bus.publish([eventOf(created, 'e5')], never); // nobody listens
  await first.stop();
  registry.away = true; // so that only the event can tell; the package is on disk
  const again = (harness = await ServingHarness.start({ directory: directory.path, registry }));
  await until(() => answers(again, '3'));
});
