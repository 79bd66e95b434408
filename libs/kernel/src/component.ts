export type ServiceState = 'created' | 'starting' | 'serving' | 'draining' | 'stopped' | 'failed';

/** A part of a process with a life of its own. Started in the listed order, drained and stopped in reverse. */
export interface Component {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  /** Refuse new work; resolve when accepted work is done. */
  drain?(signal: AbortSignal): Promise<void>;
  /** Release; safe after a failed start and when called twice. */
  stop(): Promise<void>;
}
