/** Workspace: a DNS label, so that it can be a subject token, a path segment and a schema suffix. */
export const WORKSPACE_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names people give to models, aliases and the like; never `.` or `..`, no separators, no spaces. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Names of registered models, as people have them: no `/ : % @ \`, no quotes, and the same name in every address. */
export const MODEL_NAME_PATTERN = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._\-()+,=&#!]{0,198}[\p{L}\p{M}\p{N})])?$/u;
/** Relative path, segments joined by `/`; see `TEXT_FORMAT_FILE_PATH`. */
export const FILE_PATH_PATTERN =
  /^(?!.{1025})(?!\.{1,2}(?:\/|$))(?![^/]*:)(?:[^/\\\p{Cc}%\uFFFD]|%(?![0-9A-Fa-f]{2}))+(?:\/(?!\.{1,2}(?:\/|$))(?:[^/\\\p{Cc}%\uFFFD]|%(?![0-9A-Fa-f]{2}))+)*$/u;
/** Lower-case hex of a sha256. */
export const SHA256_PATTERN = /^[0-9a-f]{64}$/;

export const DEFAULT_WORKSPACE = 'default';
