import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Component, Logger } from '@slipway/kernel';

/** What listens where: bound ports by name. */
export type BoundPorts = Readonly<Record<string, number>>;

export interface AnnounceOptions {
  readonly ports: () => BoundPorts;
  /** Path of the JSON file, when one is wanted. */
  readonly file: string | undefined;
  readonly log: Logger;
}

/** Last to start: tells people, the log and whoever waits for the file that everything listens. The file is gone once draining begins. */
export function createAnnouncement({ ports, file, log }: AnnounceOptions): Component {
  const remove = (): void => {
    if (file !== undefined) rmSync(file, { force: true });
  };
  return {
    name: 'announcement',
    start: async () => {
      const bound = ports();
      const json = JSON.stringify(bound);
      if (file !== undefined) {
        const temporary = `${file}.${process.pid}`;
        writeFileSync(temporary, `${json}\n`);
        renameSync(temporary, file); // a reader sees all of it or nothing
      }
      log.info({ listening: bound }, `listening ${json}`);
    },
    drain: async () => remove(),
    stop: async () => remove(),
  };
}

/** One line per listener, for people. */
export function describePorts(service: string, rows: readonly (readonly [what: string, where: string])[]): string {
  const width = Math.max(...rows.map(([what]) => what.length));
  return [`${service} is ready`, ...rows.map(([what, where]) => `  ${what.padEnd(width)}  ${where}`), ''].join('\n');
}
