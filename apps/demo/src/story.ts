import { CHAMPION, refused } from './champion.ts';
import { COMPARISON_FROM, MONTHS } from './dates.ts';
import { tellDays, type DaysOutcome } from './days/tell-days.ts';
import { inventoryHash, inventoryOf, runsOf } from './inventory.ts';
import type { Stage } from './stage.ts';
import { approve } from './steps/approve.ts';
import { fillStore, type Filled } from './steps/fill-store.ts';
import { learn, type Learned } from './steps/learn.ts';
import { predictOnline } from './steps/predict-online.ts';
import { scoreOffline, type ScoredOffline } from './steps/score-offline.ts';
import type { SwapOutcome } from './swap.ts';

export interface StoryOutcome extends Filled, Learned, ScoredOffline {
  readonly gateRefusal: string;
  readonly ownApprovalRefusal: string;
  readonly onlineRows: number;
  readonly swap: SwapOutcome;
  readonly days: DaysOutcome;
  readonly hashes: StoryHashes;
}

/** What has to be the same wherever the story is told, and whatever dies meanwhile. */
export interface StoryHashes {
  readonly trainingSet: string;
  /** sha256 of what the registry holds of the model, digests of its packages among it. */
  readonly inventory: string;
  /** sha256 of runs with parameters, metrics, datasets and artifacts. */
  readonly runs: string;
  /** sha256 of all outputs of the batch. */
  readonly batch: string;
  /** sha256 of the losses of all days. */
  readonly losses: string;
  /** What was decided when, and what was reported. */
  readonly decisions: readonly string[];
}

export interface StoryOptions {
  /** Calls during the swap. */
  readonly calls: number;
  /** Ends a worker process of the batch; undefined kills nobody. */
  readonly kill: ((pid: number) => void) | undefined;
}

/**
 * From raw rows to a model in use, and what becomes of it: features, training without a leak, approval, a swap that nobody notices, a batch whose
 * worker dies, a stream, a comparison on live flights, drift, a retraining, and a rollback.
 */
export async function tellStory(stage: Stage, { calls, kill }: StoryOptions): Promise<StoryOutcome> {
  const filled = await fillStore(stage);
  const learned = await learn(stage);
  const { scheduleOnly, withDelays } = learned;
  const refusals = await approve(stage, scheduleOnly, withDelays);
  const online = await predictOnline(stage, scheduleOnly, withDelays, calls);
  const { message: gateRefusal } = await stage.attempt(() =>
    refused(() =>
      stage.alice.registry.moveAlias({ model: stage.model, version: scheduleOnly.version, alias: CHAMPION }),
    ),
  );
  stage.screen.result(`back to the worse version is refused: ${gateRefusal}`);
  const scored = await scoreOffline(stage, kill);
  const calendar = { months: MONTHS, comparisonFrom: COMPARISON_FROM };
  const days = await tellDays(stage, { scheduleOnly: scheduleOnly.version, withDelays: withDelays.version }, calendar);
  const hashes = {
    trainingSet: learned.trainingSetId,
    inventory: inventoryHash(await stage.attempt(() => inventoryOf(stage.alice, stage.model))),
    runs: inventoryHash(await stage.attempt(() => runsOf(stage.alice, learned.experimentId))),
    batch: scored.batch.outputSha256,
    losses: days.lossesHash,
    decisions: [...days.decisions.map(({ day, what }) => `${day} ${what}`), ...days.alerts],
  };
  return { ...filled, ...learned, ...refusals, gateRefusal, ...online, ...scored, days, hashes };
}
