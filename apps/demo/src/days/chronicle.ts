import { createHash } from 'node:crypto';
import { canonicalJson } from '@slipway/kernel';
import type { DayWindow__Output } from '@slipway/contracts/slipway.monitoring.v1';
import type { Stage } from '../stage.ts';
import { OBJECTIVE } from './send-day.ts';

/** Log loss of one day: as it was answered, and of each version that scored all of it. */
export interface DayLoss {
  readonly day: string;
  readonly rows: number;
  readonly served: number;
  readonly byVersion: Readonly<Record<string, number>>;
}

/** What the monitor has of each day, oldest first. */
export async function dailyLosses(stage: Stage): Promise<readonly DayLoss[]> {
  const days: DayLoss[] = [];
  for (let pageToken = ''; ;) {
    const page = await stage.attempt(() =>
      stage.alice.monitoring.listWindows({ objective: OBJECTIVE, page_size: 100, page_token: pageToken }),
    );
    days.push(...page.windows.map(toLoss));
    if (page.next_page_token === '') return days;
    pageToken = page.next_page_token;
  }
}

function toLoss({ day, rows, log_loss: served, versions }: DayWindow__Output): DayLoss {
  const byVersion = versions.map(({ version, log_loss: loss }) => [version, loss] as const);
  return { day, rows: Number(rows), served, byVersion: Object.fromEntries(byVersion) };
}

/** Alerts by the day they were found on: when, which version, what exceeded. */
export async function alertsOf(stage: Stage): Promise<readonly string[]> {
  const { alerts } = await stage.attempt(() =>
    stage.alice.monitoring.listAlerts({ objective: OBJECTIVE, page_size: 1000 }),
  );
  return alerts
    .map(
      ({ first_day: first, last_day: last, kind, version, checks }) =>
        `${first}..${last} version ${version} ${kind}: ${checks.map(({ check, feature }) => [check, feature].filter(Boolean).join(' ')).join(', ')}`,
    )
    .sort();
}

/** sha256 over the losses of all days to ten digits: summation in another order changes the last ones. */
export function lossesHash(days: readonly DayLoss[]): string {
  const rounded = days.map(({ day, rows, served, byVersion }) => ({
    day,
    rows,
    served: served.toPrecision(10),
    byVersion: Object.fromEntries(Object.entries(byVersion).map(([version, loss]) => [version, loss.toPrecision(10)])),
  }));
  return createHash('sha256').update(canonicalJson(rounded)).digest('hex');
}
