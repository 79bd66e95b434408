import type { ModelRuntime, TrainedModel, Trainer, TrainingTable } from '@slipway/plugin-kit';
import { AUC_MARGIN, CHAMPION, promote, refused, setChampionPolicy } from './champion.ts';
import { openFlights, packagedFlights, ROUTE_FEATURES, SCHEDULE_FEATURES } from './flights.ts';
import { predictTable } from './inference.ts';
import type { DemoOptions } from './options.ts';
import type { Principal } from './principals.ts';
import { recordQuality, registerVersion } from './registration.ts';
import type { Screen } from './screen.ts';
import { swapUnderLoad, type SwapOutcome } from './swap.ts';
import { baselineOf, labelsOf, qualityOf, scoreLocally, trainLateness, type Quality } from './train.ts';

export const MODEL = 'flight-delay';
const DATASET = 'flights-2001-04-01..07';

export interface StoryTools {
  readonly trainer: Trainer;
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
  readonly screen: Screen;
}

interface Release {
  readonly version: string;
  readonly features: readonly string[];
  readonly quality: Quality;
  readonly probabilities: Float32Array;
}

export interface StoryOutcome {
  readonly trainingRows: number;
  readonly evaluationRows: number;
  readonly baseline: Quality;
  readonly scheduleOnly: Quality;
  readonly withRoute: Quality;
  /** Quality of what the server answered for the week, over gRPC. */
  readonly served: Quality;
  readonly servedRowsPerSecond: number;
  readonly gateRefusal: string;
  readonly ownApprovalRefusal: string;
  readonly swap: SwapOutcome;
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const thousands = (value: number): string => value.toLocaleString('en-US').replaceAll(',', ' ');
const show = (quality: Quality): string => `AUC ${quality.auc.toFixed(4)}, log loss ${quality.logLoss.toFixed(4)}`;

/** From three million flights to predictions by a model that a second person approved, and a swap that nobody notices. */
export async function tellStory(
  alice: Principal,
  bob: Principal,
  tools: StoryTools,
  options: DemoOptions,
): Promise<StoryOutcome> {
  const { screen } = tools;
  screen.step('Read the flights of January to March 2001');
  const { training, evaluation } = await readFlights(options);
  const lateRate = labelsOf(training).reduce((sum, label) => sum + label, 0) / training.rows;
  screen.result(
    `${thousands(training.rows)} flights to learn from, ${percent(lateRate)} of them more than 15 minutes late; ${thousands(evaluation.rows)} of 1 to 7 April to judge by`,
  );

  screen.step('Train two logistic regressions and register them');
  const baseline = baselineOf(labelsOf(training), labelsOf(evaluation));
  await alice.registry.createRegisteredModel({
    name: MODEL,
    description: 'Will this flight leave more than 15 minutes late?',
  });
  await setChampionPolicy(bob, MODEL, DATASET);
  const release = (features: readonly string[], description: string, ridge: number): Promise<Release> =>
    releaseVersion(alice, tools, { training, evaluation, features, description, ridge, seed: options.seed });
  const scheduleOnly = await release(SCHEDULE_FEATURES, 'schedule only', 1);
  const withRoute = await release(ROUTE_FEATURES, 'with origin and destination', 1);
  screen.result(`the same rate for every flight: ${show(baseline)}`);
  screen.look(`npm run slipway -- versions ${MODEL}`);

  screen.step('A second person approves, the alias moves');
  const own = await refused(() =>
    alice.registry.approveModelVersion({ model: MODEL, version: withRoute.version, alias: CHAMPION }),
  );
  screen.result(`alice may not approve her own version: ${own.reason}`);
  for (const { version } of [scheduleOnly, withRoute]) {
    await bob.registry.approveModelVersion({
      model: MODEL,
      version,
      alias: CHAMPION,
      comment: `AUC looked at on ${DATASET}`,
    });
  }
  await promote(alice, { model: MODEL, version: withRoute.version });
  screen.result(`bob approved; '${CHAMPION}' is version ${withRoute.version}, and the server answers with it`);
  const gate = await refused(() =>
    alice.registry.moveAlias({ model: MODEL, version: scheduleOnly.version, alias: CHAMPION }),
  );
  screen.result(`the worse version is refused: ${gate.message}`);
  screen.look(`npm run slipway -- audit list registry`);

  screen.step('Predict the flights of 1 to 7 April over gRPC');
  const began = performance.now();
  const served = await predictTable(alice.inference, MODEL, evaluation, ROUTE_FEATURES, (rows) =>
    screen.progress(`${thousands(rows)} of ${thousands(evaluation.rows)} flights`),
  );
  const servedRowsPerSecond = evaluation.rows / ((performance.now() - began) / 1000);
  const servedQuality = qualityOf(labelsOf(evaluation), served);
  screen.result(
    `${show(servedQuality)}, ${thousands(Math.round(servedRowsPerSecond))} flights/s in batches; the plain rate has ${show(baseline)}`,
  );

  screen.step(`Swap the version during ${thousands(options.calls)} calls`);
  const next = await release(ROUTE_FEATURES, 'the same with a stronger ridge', 10);
  await bob.registry.approveModelVersion({
    model: MODEL,
    version: next.version,
    alias: CHAMPION,
    comment: `within ${AUC_MARGIN} of the champion`,
  });
  const swap = await swapUnderLoad(alice.inference, {
    ...{ model: MODEL, table: evaluation, features: ROUTE_FEATURES, calls: options.calls },
    expected: { [withRoute.version]: withRoute.probabilities, [next.version]: next.probabilities },
    swap: () => promote(alice, { model: MODEL, version: next.version }),
    onProgress: (done) => screen.progress(`${thousands(done)} of ${thousands(options.calls)} calls`),
  });
  const answered = Object.entries(swap.byVersion).map(
    ([version, count]) => `${thousands(count)} by version ${version}`,
  );
  screen.result(
    `${thousands(swap.calls)} calls, ${swap.failed} failed, ${swap.wrong} wrong; ${answered.join(', ')}; p99 ${swap.latencyMsP99.toFixed(1)} ms`,
  );
  screen.look(`npm run slipway -- aliases ${MODEL}`);
  return {
    ...{ trainingRows: training.rows, evaluationRows: evaluation.rows, baseline, servedRowsPerSecond, swap },
    ...{ scheduleOnly: scheduleOnly.quality, withRoute: withRoute.quality, served: servedQuality },
    ...{ gateRefusal: gate.message, ownApprovalRefusal: own.message },
  };
}

async function readFlights(options: DemoOptions): Promise<{ training: TrainingTable; evaluation: TrainingTable }> {
  const flights = await openFlights(options.data ?? packagedFlights());
  try {
    const training = await flights.read({
      from: '2001-01-01',
      until: '2001-04-01',
      rows: options.rows,
      seed: options.seed,
    });
    const evaluation = await flights.read({
      from: '2001-04-01',
      until: '2001-04-08',
      rows: options.rows,
      seed: options.seed,
    });
    return { training, evaluation };
  } finally {
    flights.close();
  }
}

interface ReleasePlan {
  readonly training: TrainingTable;
  readonly evaluation: TrainingTable;
  readonly features: readonly string[];
  readonly description: string;
  readonly ridge: number;
  readonly seed: number;
}

async function releaseVersion(owner: Principal, tools: StoryTools, plan: ReleasePlan): Promise<Release> {
  const { features, description, training, evaluation } = plan;
  const began = performance.now();
  const onProgress = (text: string): void => tools.screen.progress(`${description}: ${text}`);
  const trained: TrainedModel = await trainLateness(tools.trainer, training, features, {
    ...plan,
    signal: tools.signal,
    onProgress,
  });
  const seconds = (performance.now() - began) / 1000;
  const probabilities = await scoreLocally(tools.runtime, trained, evaluation, features, tools.signal);
  const quality = qualityOf(labelsOf(evaluation), probabilities);
  const { version } = await registerVersion(owner.registry, {
    ...{ model: MODEL, description, features, trained, trainingSet: training },
    requestId: `demo-${description.replaceAll(' ', '-')}`,
  });
  await recordQuality(owner.registry, { model: MODEL, version }, { name: DATASET, table: evaluation }, quality);
  tools.screen.result(
    `version ${version}, ${description}: trained in ${seconds.toFixed(1)} s, ${show(quality)} on 1 to 7 April`,
  );
  return { version, features, quality, probabilities };
}
