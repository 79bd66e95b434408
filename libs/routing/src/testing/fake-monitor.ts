import type {
  ExperimentDay,
  ExperimentDay__Output,
  GetExperimentDaysRequest,
  GetExperimentDaysResponse__Output,
} from '@slipway/contracts/slipway.monitoring.v1';
import type { MonitorCalls } from '../rpc/monitor-days.ts';

/** Sums of one arm on one day, as a test says them; losses are means over labelled rows. */
export interface FakeArm {
  readonly rows?: number;
  readonly labelled?: number;
  readonly loss: number;
  readonly reference?: number;
}

/** Answers with the days it was given, whatever the experiment; keeps what it was asked. */
export class FakeMonitor implements MonitorCalls {
  readonly requests: GetExperimentDaysRequest[] = [];
  days: ExperimentDay__Output[] = [];
  failure: Error | undefined;

  getExperimentDays(request: GetExperimentDaysRequest): Promise<GetExperimentDaysResponse__Output> {
    this.requests.push(request);
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve({ days: this.days });
  }

  /** A day of an A/B test. @param arms by name. @param version of the model of both arms. */
  addShared(day: string, arms: Readonly<Record<string, FakeArm & { readonly version: string }>>): void {
    for (const [arm, sums] of Object.entries(arms)) this.days.push(message(day, sums, { arm, version: sums.version }));
  }

  /** A day of a canary. @param versions sums by version. */
  addPaired(day: string, versions: Readonly<Record<string, FakeArm>>): void {
    for (const [version, sums] of Object.entries(versions)) this.days.push(message(day, sums, { arm: '', version }));
  }
}

/** Model of every row of the fake. */
export const MODEL = 'flight-delay';

function message(day: string, sums: FakeArm, { arm, version }: { arm: string; version: string }) {
  const { rows = 1000, labelled = rows, loss, reference = 0 } = sums;
  const fields: Required<ExperimentDay> = {
    day,
    arm,
    version: { model: MODEL, version },
    rows: String(rows),
    labelled_rows: String(labelled),
    units: '10',
    log_loss_sum: loss * labelled,
    brier_sum: 0,
    reference_log_loss_sum: reference * labelled,
    reference_brier_sum: 0,
  };
  return fields as ExperimentDay__Output;
}
