/** Workspace: a DNS label, so that it can be a subject token, a path segment and a schema suffix. */
export const WORKSPACE_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names people give to models, aliases and the like; never `.` or `..`, no separators, no spaces. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Lower-case hex of a sha256. */
export const SHA256_PATTERN = /^[0-9a-f]{64}$/;

export const DEFAULT_WORKSPACE = 'default';
