import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian puts servers that are not on an ordinary user's PATH. */
const EXTRA_DIRECTORIES = [
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/lib/postgresql/15/bin',
  '/usr/lib/postgresql/17/bin',
  '/root/go/bin',
];

/** Full path of a program, or undefined when this machine lacks it. */
export function findCommand(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_DIRECTORIES];
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false; // not here: look in the next directory
      }
    });
}
