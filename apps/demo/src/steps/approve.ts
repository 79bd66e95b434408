import { CHAMPION, promote, refused } from '../champion.ts';
import { DATASET } from '../dates.ts';
import type { Release, Stage } from '../stage.ts';

/** What a second person is for: the alias moves to the version without delays first. */
export async function approve(
  { alice, bob, screen, model, attempt }: Stage,
  worse: Release,
  better: Release,
): Promise<{ readonly ownApprovalRefusal: string }> {
  screen.step('A second person approves, the alias moves');
  const approval = { model, alias: CHAMPION, comment: `looked at the AUC on ${DATASET}` };
  const own = await attempt(() =>
    refused(() => alice.registry.approveModelVersion({ ...approval, version: better.version })),
  );
  screen.result(`alice may not approve her own version: ${own.reason}`);
  for (const { version } of [worse, better])
    await attempt(() =>
      bob.registry.approveModelVersion({ ...approval, version, request_id: `${model}-approve-${version}` }),
    );
  await attempt(() => promote(alice, { model, version: worse.version }));
  screen.result(`bob approved both; '${CHAMPION}' is version ${worse.version}, and the server answers with it`);
  screen.look('npm run slipway -- audit list registry');
  return { ownApprovalRefusal: own.message };
}
