/** Dotted kebab-case: `grpc.port`, `event-bus.nats.credentials-file`. */
export const SETTING_KEY_PATTERN = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;

export const ENVIRONMENT_PREFIX = 'SLIPWAY_';

/** `grpc.port` is `grpc-port` on the command line, without the dashes in front. */
export const flagName = (key: string): string => key.replaceAll('.', '-');

/** `grpc.port` is `SLIPWAY_GRPC_PORT` in the environment. */
export const environmentName = (key: string): string =>
  `${ENVIRONMENT_PREFIX}${key.replaceAll(/[.-]/g, '_').toUpperCase()}`;

/** `credentials-file` and `credentials.file` are `credentialsFile` to a driver. */
export const camelCase = (key: string): string =>
  key.replaceAll(/[.-]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Single-character edits that turn one text into the other. */
export function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

const NAME_LENGTH_MAX = 200;

/** The known name that a typing error is most likely to have meant, or undefined when none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > NAME_LENGTH_MAX) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance <= Math.max(2, Math.floor(name.length / 3)) && distance < (best?.distance ?? Infinity)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

/** `; did you mean 'x'?`, or an empty text. */
export function suggestion(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean '${nearest}'?`;
}
