import { CommandError, runCommand } from './run-command.ts';

/** The client of a container engine. Where the engine is stands in `DOCKER_HOST`, as for the client itself. */
export interface Docker {
  /** Whether the engine holds the image, or can fetch it within the time. */
  isAvailable(image: string, pullWithinMs: number): Promise<boolean>;
  import(tar: string, image: string, changes: readonly string[]): Promise<void>;
  build(options: BuildOptions): Promise<void>;
  imageBytes(image: string): Promise<number>;
}

export interface BuildOptions {
  readonly dockerfile: string;
  readonly context: string;
  readonly image: string;
  readonly args: Readonly<Record<string, string>>;
}

const BUILD_MS_MAX = 600_000;
const QUICK_MS_MAX = 60_000;

/** @param program the client, e.g. `docker`. */
export function createDocker(program: string): Docker {
  const docker = (args: readonly string[], timeoutMs: number): Promise<string> => {
    // `env` because the classic builder is everywhere, while BuildKit needs a plugin or a newer engine
    return runCommand('env', ['DOCKER_BUILDKIT=0', program, ...args], { timeoutMs });
  };
  const succeeds = async (args: readonly string[], timeoutMs: number): Promise<boolean> => {
    try {
      await docker(args, timeoutMs);
      return true;
    } catch (error) {
      if (error instanceof CommandError) return false; // not there: the caller has another way
      throw error;
    }
  };
  return {
    isAvailable: async (image, pullWithinMs) =>
      (await succeeds(['image', 'inspect', image], QUICK_MS_MAX)) ||
      (pullWithinMs > 0 && (await succeeds(['pull', '--quiet', image], pullWithinMs))),
    import: async (tar, image, changes) => {
      const flags = changes.flatMap((change) => ['--change', change]);
      await docker(['import', ...flags, tar, image], BUILD_MS_MAX);
    },
    build: async ({ dockerfile, context, image, args }) => {
      const flags = Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
      await docker(
        ['build', '--network', 'none', '--file', dockerfile, '--tag', image, ...flags, context],
        BUILD_MS_MAX,
      );
    },
    imageBytes: async (image) =>
      Number((await docker(['image', 'inspect', '--format', '{{.Size}}', image], QUICK_MS_MAX)).trim()),
  };
}
