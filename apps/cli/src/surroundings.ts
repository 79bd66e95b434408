/** What the command line may touch of its process. */
export interface ProgramSurroundings {
  readonly out: { write(text: string): unknown };
  /** For what happens meanwhile. */
  readonly notes: { write(text: string): unknown };
  /** Aborts when the process is asked to end. Until it is called for the first time, that ends the process at once. */
  readonly interruption: () => AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}
