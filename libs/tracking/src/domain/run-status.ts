export type FinalStatus = 'FINISHED' | 'FAILED' | 'KILLED';
export type RunStatus = 'RUNNING' | 'SCHEDULED' | FinalStatus;

const FINAL: ReadonlySet<RunStatus> = new Set(['FINISHED', 'FAILED', 'KILLED']);
export const isFinal = (status: RunStatus): status is FinalStatus => FINAL.has(status);
