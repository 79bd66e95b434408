import type { Caller, Micros } from '@slipway/kernel';
import type { Alert, AlertKey } from './alert.ts';
import type { Day } from './day.ts';
import type { DayStats } from './day-stats.ts';
import type { MonitoringFact } from './facts.ts';
import type { Monitor } from './monitor.ts';
import type { VersionRef } from './versions.ts';

/** Who asks, and how the call is known in logs, audit and traces. */
export interface Call {
  readonly caller: Caller;
  /** Id of the call itself, not of the request it may repeat. */
  readonly requestId: string;
  readonly traceparent?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

export interface PageRequest {
  /** 1..1000. */
  readonly pageSize: number;
  /** From the page before; empty for the first one. */
  readonly pageToken: string;
}

/** Days from `from` on and before `until`. */
export interface DayRange {
  readonly from: Day;
  readonly until: Day;
}

/** A block as it is kept. Blocks are never changed, so the number of them tells whether there are new ones. */
export interface StoredBlock {
  /** Sorts the blocks of a day; see `BlockReads`. */
  readonly id: string;
  readonly payload: Uint8Array;
}

export interface BlockReads {
  /** Predictions by day. @returns of days that have some. */
  predictionCounts(objective: string, days: DayRange): Promise<ReadonlyMap<Day, BlockCount>>;
  /** Outcomes by the day of their observation. */
  outcomeCounts(objective: string, days: DayRange): Promise<ReadonlyMap<Day, BlockCount>>;
  /** In the order of the ids, which is the order in which serving made the events; after `after`, at most `limit`. */
  predictions(objective: string, day: Day, after: string, limit: number): Promise<readonly StoredBlock[]>;
  /** In the order of arrival. */
  outcomes(objective: string, day: Day, after: string, limit: number): Promise<readonly StoredBlock[]>;
  /** Ids of all blocks of a day, in the order of `predictions` and `outcomes`; of outcomes, of the day of observation. */
  names(kind: BlockKind, objective: string, day: Day): Promise<readonly string[]>;
  /** Blocks by id, in any order. */
  named(kind: BlockKind, objective: string, day: Day, ids: readonly string[]): Promise<readonly StoredBlock[]>;
}

export type BlockKind = 'predictions' | 'outcomes';

export interface BlockCount {
  readonly blocks: number;
  readonly rows: number;
}

/** One day as it is known. */
export interface DayRecord {
  readonly day: Day;
  readonly closed: boolean;
  /** Which version answered most of its rows when it was closed. */
  readonly main: VersionRef | undefined;
  /** As last computed; undefined before that. */
  readonly stats: DayStats | undefined;
}

/** A version that answered most rows of closed days. */
export interface MainVersion {
  readonly version: VersionRef;
  readonly firstDay: Day;
  readonly lastDay: Day;
  readonly days: number;
}

export interface ExperimentSumsKey {
  readonly objective: string;
  readonly experiment: string;
  readonly day: Day;
  /** Empty for arms; the versions that are compared otherwise. */
  readonly variant: string;
}

/** Sums of a day of an experiment for the blocks that there were. */
export interface StoredExperimentDay<Sums> {
  readonly fingerprint: string;
  /** They hold for every `until` from here on, microseconds. */
  readonly completeFrom: number;
  readonly sums: Sums;
}

/** A profile, or the certainty that the package has none. */
export interface StoredProfile {
  /** Text of `profile.json`; empty when there is none. */
  readonly json: string;
  readonly why: string;
}

/** Reads of one workspace, at one moment where the database can give that. */
export interface MonitoringReads {
  readonly monitors: {
    get(objective: string): Promise<Monitor | undefined>;
    /** By objective. */
    list(page: PageRequest): Promise<Page<Monitor>>;
  };
  readonly blocks: BlockReads;
  readonly days: {
    get(objective: string, day: Day): Promise<DayRecord | undefined>;
    /** Oldest first. */
    range(objective: string, days: DayRange, limit: number): Promise<readonly DayRecord[]>;
    /** Versions that were in front on closed days before `day`, the latest first, at most `limit`. */
    mains(objective: string, before: Day, limit: number): Promise<readonly MainVersion[]>;
  };
  readonly experiments: {
    /** Days on which rows of it were answered, ascending. */
    days(objective: string, experiment: string): Promise<readonly Day[]>;
    sums(key: ExperimentSumsKey): Promise<StoredExperimentDay<unknown> | undefined>;
  };
  readonly alerts: {
    open(objective: string): Promise<readonly Alert[]>;
    /** Newest first. */
    list(objective: string | undefined, page: PageRequest): Promise<Page<Alert>>;
  };
  /** @param version with an empty digest: whichever package it has. */
  readonly profiles: { get(version: VersionRef): Promise<StoredProfile | undefined> };
}

/** Changes of one workspace; all of them happen, with their facts and audit rows, or none. */
export interface MonitoringTransaction extends MonitoringReads {
  /** The time of every change of this transaction. */
  readonly now: Micros;
  readonly monitors: MonitoringReads['monitors'] & {
    /** Until the transaction ends, whoever else changes this monitor waits. */
    lock(objective: string): Promise<Monitor | undefined>;
    put(monitor: Monitor): Promise<void>;
    /** Moves `evaluatedUntil`. @returns false when it, or the revision, is not as in `expected` any more: nothing was changed. */
    advance(expected: Monitor, until: Micros): Promise<boolean>;
  };
  readonly blocks: BlockReads & {
    /** @returns false when the block is there already: nothing was changed. */
    addPredictions(block: NewPredictionBlock): Promise<boolean>;
    /** @returns false when it is there already. */
    addOutcomes(block: NewOutcomeBlock): Promise<boolean>;
  };
  readonly days: MonitoringReads['days'] & {
    putStats(objective: string, stats: DayStats): Promise<void>;
    close(objective: string, day: Day, main: VersionRef | undefined): Promise<void>;
  };
  readonly experiments: MonitoringReads['experiments'] & {
    putSums(key: ExperimentSumsKey, stored: StoredExperimentDay<unknown>): Promise<void>;
  };
  readonly alerts: MonitoringReads['alerts'] & {
    insert(alert: Alert): Promise<void>;
    update(key: AlertKey, state: Pick<Alert, 'lastDay' | 'open'>): Promise<void>;
  };
  readonly profiles: MonitoringReads['profiles'] & { put(version: VersionRef, stored: StoredProfile): Promise<void> };
  readonly events: { add(fact: MonitoringFact): void };
  readonly audit: { add(entry: AuditEntry): void };
  /**
   * Runs `work` once per principal, method and request id: a repeat gets the first answer and changes nothing.
   * @param requestId chosen by the caller; empty for none, and `work` always runs.
   * @throws {InvalidArgumentError} reason REQUEST_ID_REUSED when the id came with another request.
   */
  once<Answer>(method: string, requestId: string, request: unknown, work: () => Promise<Answer>): Promise<Answer>;
}

export interface NewPredictionBlock {
  readonly objective: string;
  readonly day: Day;
  /** Follows from the event, so that its redelivery makes the same block. */
  readonly id: string;
  readonly rows: number;
  /** Experiments with rows in it. */
  readonly experiments: readonly string[];
  readonly payload: Uint8Array;
}

export interface NewOutcomeBlock {
  readonly objective: string;
  /** Of the observation. */
  readonly day: Day;
  /** Follows from the content. */
  readonly contentId: string;
  /** Sorts by arrival. */
  readonly arrival: string;
  readonly rows: number;
  readonly payload: Uint8Array;
}

export interface AuditEntry {
  /** E.g. `monitoring.monitors.set`. */
  readonly action: string;
  /** E.g. `objectives/late-departure`. */
  readonly resource: string;
  readonly details: Readonly<Record<string, string>>;
}

/** The state of the monitor. Every piece of work is confined to the workspace of the caller. */
export interface MonitoringUnitOfWork {
  /** Commits when `work` resolves, rolls everything back when it rejects. It may be repeated as a whole. */
  run<Result>(call: Call, work: (tx: MonitoringTransaction) => Promise<Result>): Promise<Result>;
  read<Result>(caller: Pick<Caller, 'workspace'>, work: (reads: MonitoringReads) => Promise<Result>): Promise<Result>;
}
