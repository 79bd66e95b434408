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

/** Everything a step of the story works with. */
interface Stage {
  readonly alice: Principal;
  readonly bob: Principal;
  readonly tools: StoryTools;
  readonly options: DemoOptions;
  readonly training: TrainingTable;
  readonly evaluation: TrainingTable;
  readonly baseline: Quality;
}

/** From three million flights to predictions by a model that a second person approved, and a swap that nobody notices. */
export async function tellStory(
  alice: Principal,
  bob: Principal,
  tools: StoryTools,
  options: DemoOptions,
): Promise<StoryOutcome> {
  const { training, evaluation } = await readFlights(tools.screen, options);
  const baseline = baselineOf(labelsOf(training), labelsOf(evaluation));
  const stage: Stage = { alice, bob, tools, options, training, evaluation, baseline };
  const { scheduleOnly, withRoute } = await trainAndRegister(stage);
  const refusals = await approveAndMove(stage, scheduleOnly, withRoute);
  const { served, servedRowsPerSecond } = await predictWeek(stage);
  const swap = await swapChampion(stage, withRoute);
  return {
    trainingRows: training.rows,
    evaluationRows: evaluation.rows,
    baseline,
    scheduleOnly: scheduleOnly.quality,
    withRoute: withRoute.quality,
    served,
    servedRowsPerSecond,
    ...refusals,
    swap,
  };
}

async function trainAndRegister(stage: Stage): Promise<{ scheduleOnly: Release; withRoute: Release }> {
  const { alice, bob, tools, baseline } = stage;
  tools.screen.step('Train two logistic regressions and register them');
  const description = 'Will this flight leave more than 15 minutes late?';
  await alice.registry.createRegisteredModel({ name: MODEL, description });
  await setChampionPolicy(bob, MODEL, DATASET);
  const scheduleOnly = await release(stage, SCHEDULE_FEATURES, 'schedule only', 1);
  const withRoute = await release(stage, ROUTE_FEATURES, 'with origin and destination', 1);
  tools.screen.result(`the same rate for every flight: ${show(baseline)}`);
  tools.screen.look(`npm run slipway -- versions ${MODEL}`);
  return { scheduleOnly, withRoute };
}

async function approveAndMove(
  { alice, bob, tools: { screen } }: Stage,
  worse: Release,
  better: Release,
): Promise<{ ownApprovalRefusal: string; gateRefusal: string }> {
  screen.step('A second person approves, the alias moves');
  const approval = { model: MODEL, alias: CHAMPION, comment: `looked at the AUC on ${DATASET}` };
  const own = await refused(() => alice.registry.approveModelVersion({ ...approval, version: better.version }));
  screen.result(`alice may not approve her own version: ${own.reason}`);
  for (const { version } of [worse, better]) await bob.registry.approveModelVersion({ ...approval, version });
  await promote(alice, { model: MODEL, version: better.version });
  screen.result(`bob approved; '${CHAMPION}' is version ${better.version}, and the server answers with it`);
  const gate = await refused(() => alice.registry.moveAlias({ model: MODEL, version: worse.version, alias: CHAMPION }));
  screen.result(`the worse version is refused: ${gate.message}`);
  screen.look('npm run slipway -- audit list registry');
  return { ownApprovalRefusal: own.message, gateRefusal: gate.message };
}

async function predictWeek({
  alice,
  tools: { screen },
  evaluation,
  baseline,
}: Stage): Promise<{ served: Quality; servedRowsPerSecond: number }> {
  screen.step('Predict the flights of 1 to 7 April over gRPC');
  const began = performance.now();
  const probabilities = await predictTable(alice.inference, MODEL, evaluation, ROUTE_FEATURES, (rows) =>
    screen.progress(`${thousands(rows)} of ${thousands(evaluation.rows)} flights`),
  );
  const servedRowsPerSecond = evaluation.rows / ((performance.now() - began) / 1000);
  const served = qualityOf(labelsOf(evaluation), probabilities);
  const speed = `${thousands(Math.round(servedRowsPerSecond))} flights/s in batches`;
  screen.result(`${show(served)}, ${speed}; the plain rate has ${show(baseline)}`);
  return { served, servedRowsPerSecond };
}

async function swapChampion(stage: Stage, champion: Release): Promise<SwapOutcome> {
  const { alice, bob, tools, options, evaluation } = stage;
  const { screen } = tools;
  screen.step(`Swap the version during ${thousands(options.calls)} calls`);
  const next = await release(stage, ROUTE_FEATURES, 'the same with a stronger ridge', 10);
  const { version } = next;
  const comment = `within ${AUC_MARGIN} of the champion`;
  await bob.registry.approveModelVersion({ model: MODEL, version, alias: CHAMPION, comment });
  const swap = await swapUnderLoad(alice.inference, {
    model: MODEL,
    table: evaluation,
    features: ROUTE_FEATURES,
    calls: options.calls,
    expected: { [champion.version]: champion.probabilities, [version]: next.probabilities },
    swap: () => promote(alice, { model: MODEL, version }),
    onProgress: (done) => screen.progress(`${thousands(done)} of ${thousands(options.calls)} calls`),
  });
  const answered = Object.entries(swap.byVersion).map(([name, count]) => `${thousands(count)} by version ${name}`);
  const counts = `${thousands(swap.calls)} calls, ${swap.failed} failed, ${swap.wrong} wrong`;
  screen.result(`${counts}; ${answered.join(', ')}; p99 ${swap.latencyMsP99.toFixed(1)} ms`);
  screen.look(`npm run slipway -- aliases ${MODEL}`);
  return swap;
}

async function readFlights(
  screen: Screen,
  options: DemoOptions,
): Promise<{ training: TrainingTable; evaluation: TrainingTable }> {
  screen.step('Read the flights of January to March 2001');
  const flights = await openFlights(options.data ?? packagedFlights());
  try {
    const { rows, seed } = options;
    const training = await flights.read({ from: '2001-01-01', until: '2001-04-01', rows, seed });
    const evaluation = await flights.read({ from: '2001-04-01', until: '2001-04-08', rows, seed });
    const late = labelsOf(training).reduce((sum, label) => sum + label, 0) / training.rows;
    const learn = `${thousands(training.rows)} flights to learn from, ${percent(late)} of them more than 15 minutes late`;
    screen.result(`${learn}; ${thousands(evaluation.rows)} of 1 to 7 April to judge by`);
    return { training, evaluation };
  } finally {
    flights.close();
  }
}

/** Trains, judges and registers one version. */
async function release(
  stage: Stage,
  features: readonly string[],
  description: string,
  ridge: number,
): Promise<Release> {
  const { alice, tools, training, evaluation } = stage;
  const { signal, screen } = tools;
  const began = performance.now();
  const trained: TrainedModel = await trainLateness(tools.trainer, training, features, {
    seed: stage.options.seed,
    ridge,
    signal,
    onProgress: (text) => screen.progress(`${description}: ${text}`),
  });
  const seconds = (performance.now() - began) / 1000;
  const probabilities = await scoreLocally(tools.runtime, trained, evaluation, features, signal);
  const quality = qualityOf(labelsOf(evaluation), probabilities);
  const { version } = await registerVersion(alice.registry, {
    model: MODEL,
    description,
    features,
    trained,
    trainingSet: training,
    requestId: `demo-${description.replaceAll(' ', '-')}`,
  });
  const dataset = { name: DATASET, table: evaluation };
  await recordQuality(alice.registry, { model: MODEL, version }, dataset, quality);
  const time = `trained in ${seconds.toFixed(1)} s`;
  screen.result(`version ${version}, ${description}: ${time}, ${show(quality)} on 1 to 7 April`);
  return { version, features, quality, probabilities };
}
