export { findCommand } from './command.ts';
export { describeWith, sized, NEEDS_MARK, type ServerName } from './describe-with.ts';
export { freePort } from './free-port.ts';
export { temporaryDirectory } from './temporary-directory.ts';
