/** A guard broken on purpose: the suites named here must notice. */
export interface Saboteur {
  /** What is broken, in a few words; unique. */
  readonly name: string;
  /** File of the workspace to change. */
  readonly file: string;
  /** Text that occurs exactly once in the file, and what takes its place: code that loads, as somebody might have written it. */
  readonly find: string;
  readonly replace: string;
  /** Spec files, the fewest that must turn red. */
  readonly suites: readonly string[];
}
