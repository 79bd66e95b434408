import type { Connection } from './connection.ts';
import type { Printer } from './printer.ts';

/** Gives a command what it works with; the connection is closed when it ends. */
export type RunCommand = (work: (connection: Connection, print: Printer) => Promise<void>) => Promise<void>;
