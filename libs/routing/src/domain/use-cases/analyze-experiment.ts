import { ConflictError, formatMicros, type Micros } from '@slipway/kernel';
import { describeJudgement, judge, type Analysis } from '../analysis/analysis.ts';
import { dayEnd } from '../analysis/day.ts';
import { chooseDays, type DaySums } from '../analysis/day-sums.ts';
import { sampleRatioP, type ExposureCount } from '../analysis/sample-ratio.ts';
import { applyVerdict, type Change } from '../apply-verdict.ts';
import type { RoutingDependencies } from '../dependencies.ts';
import { analysisOutOfOrder } from '../errors.ts';
import type { CallScope } from '../ports.ts';
import { isRunning, type RoutingExperiment } from '../routing-experiment.ts';
import type { Call } from '../unit-of-work.ts';
import { writeChange } from './end-experiment.ts';
import { getExperiment, readExperiment, type ExperimentView } from './experiment-view.ts';
import { settleMove } from './settle-move.ts';

export interface AnalysisRequest {
  readonly id: string;
  /** Days that end at or before this count; now when undefined. */
  readonly asOf: Micros | undefined;
  /** Keep nothing when no day has become complete since the newest analysis: for looks that nobody asked for. */
  readonly onlyNews: boolean;
}

/** Another process may act on the same experiment at the same time; each try sees what it did. */
const TRIES = 4;

/**
 * Looks at an experiment as of a time and acts on what follows. Looking again as of the same time changes nothing, but finishes what was begun.
 * @throws {FailedPreconditionError} reason ANALYSIS_OUT_OF_ORDER. @throws {UnavailableError} when monitor or registry do not answer.
 */
export async function analyzeExperiment(
  call: Call,
  request: AnalysisRequest,
  deps: RoutingDependencies,
  signal: AbortSignal,
): Promise<ExperimentView> {
  const { caller, requestId, traceparent } = call;
  const scope: CallScope = { workspace: caller.workspace, requestId, traceparent, signal };
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      await look(call, { ...request, asOf: request.asOf ?? deps.clock.now() }, deps, scope);
      await settleMove(call, request.id, deps, scope);
      return await getExperiment(call, request.id, deps);
    } catch (error) {
      if (!(error instanceof ConflictError) || left === 0) throw error;
    }
  }
}

interface Seen {
  readonly experiment: RoutingExperiment;
  readonly frozen: readonly DaySums[];
  readonly counts: readonly ExposureCount[];
  readonly newest: Analysis | undefined;
}

async function look(
  call: Call,
  { id, asOf, onlyNews }: AnalysisRequest & { readonly asOf: Micros },
  deps: RoutingDependencies,
  scope: CallScope,
): Promise<void> {
  const seen = await deps.unitOfWork.read(call.caller, async (reads): Promise<Seen> => {
    const experiment = await readExperiment(reads, id);
    const counts = await reads.exposures.counts(id);
    return { experiment, counts, frozen: await reads.days.list(id), newest: await reads.analyses.newest(id) };
  });
  const { experiment, newest } = seen;
  if (!isRunning(experiment) || experiment.move === 'pending' || newest?.asOf === asOf) return;
  if (newest && newest.asOf > asOf) throw analysisOutOfOrder(formatMicros(newest.asOf));
  const read = await deps.days.read(experiment, asOf, scope);
  const { analysis, fresh, change } = analyze(seen, read, asOf);
  if (onlyNews && newest && fresh.length === 0 && analysis.verdict === newest.verdict) return;
  await deps.unitOfWork.run(call, async (tx) => {
    await writeChange(tx, change, analysis);
    await tx.days.add(id, fresh);
    await tx.analyses.insert(id, analysis);
  });
}

/** Days that were used stay as they were; after them come those of the monitor, in order. */
function analyze(
  { experiment, frozen, counts, newest }: Seen,
  read: readonly DaySums[],
  asOf: Micros,
): { readonly analysis: Analysis; readonly fresh: readonly DaySums[]; readonly change: Change } {
  const last = frozen.at(-1)?.day ?? '';
  const isNew = ({ day }: DaySums): boolean => day > last && dayEnd(day) > experiment.startTime && dayEnd(day) <= asOf;
  const { complete, open } = chooseDays(read.filter(isNew), experiment.policy.coverageMin);
  const ratioP = sampleRatioP(counts, newest?.sampleRatioP ?? 1);
  const judgement = judge(experiment, [...frozen, ...complete], ratioP);
  const analysis = describeJudgement(experiment, judgement, { asOf, open, ratioP });
  return {
    analysis,
    fresh: judgement.days.slice(frozen.length),
    change: applyVerdict(experiment, judgement, asOf),
  };
}
