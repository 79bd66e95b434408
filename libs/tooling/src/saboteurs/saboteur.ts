/** A guard broken on purpose: the suites named here must notice. */
export interface Saboteur {
  /** What is broken, in a few words. */
  readonly name: string;
  /** File of the workspace to change. */
  readonly file: string;
  /** Text that occurs exactly once in the file, and what takes its place. */
  readonly find: string;
  readonly replace: string;
  /** Spec files that must turn red. */
  readonly suites: readonly string[];
}
