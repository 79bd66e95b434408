/** What a person sees of the story: a line while a step works, its result, and a command to look closer. */
export interface Screen {
  /** Begins a numbered step, with the seconds since the first one. */
  step(title: string): void;
  /** Replaces the line of what is under way; at most a few times a second. */
  progress(text: string): void;
  /** Something that came out. */
  result(text: string): void;
  /** A command that shows more. */
  look(command: string): void;
  /** The closing table. */
  table(rows: readonly (readonly [what: string, value: string])[]): void;
}

const PROGRESS_EVERY_MS = 100;

/** @param out where lines go. @param live true for a terminal, where the progress line is overwritten; else progress is left out. @param kept the server goes on at the end. */
export function createScreen(out: { write(text: string): unknown }, live: boolean, kept: boolean): Screen {
  const when = kept ? '' : ' (after npm run demo -- --keep)';
  const [bold, dim, green, reset] = live ? ['\u001B[1m', '\u001B[2m', '\u001B[32m', '\u001B[0m'] : ['', '', '', ''];
  let steps = 0;
  const began = performance.now();
  const elapsed = (): string => ((performance.now() - began) / 1000).toFixed(1);
  let shownAt = 0;
  const clear = live ? '\r\u001B[K' : '';
  return {
    step: (title) => out.write(`${clear}\n${bold}${++steps}. ${title}${reset}  ${dim}${elapsed()} s${reset}\n`),
    progress: (text) => {
      if (!live || Date.now() - shownAt < PROGRESS_EVERY_MS) return;
      shownAt = Date.now();
      out.write(`${clear}   ${dim}${text}${reset}`);
    },
    result: (text) => out.write(`${clear}   ${green}${live ? '✓' : '-'}${reset} ${text}\n`),
    look: (command) => out.write(`${clear}     ${dim}look closer${when}: ${command}${reset}\n`),
    table: (rows) => {
      const width = Math.max(...rows.map(([what]) => what.length));
      out.write(
        `${clear}\n${rows.map(([what, value]) => `  ${what.padEnd(width)}  ${bold}${value}${reset}`).join('\n')}\n\n`,
      );
    },
  };
}
