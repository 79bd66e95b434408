import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify, stripVTControlCharacters } from 'node:util';

const root = resolve(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/plugins.md'), 'utf8');
/** What an author installs from the registry; linked, as tests have none. */
const TOOLS = ['typescript', 'vitest', 'fast-check', 'onnxruntime-node', '@types/node'];
const PROGRAMS = ['tsc', 'vitest'];

/** Blocks of one language in docs/plugins.md, in order. */
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

/** Everything lies side by side in one folder outside of the workspace, and is made by the commands of docs/plugins.md. */
export class Installation {
  readonly folder: string;
  /** Where the configuration is and the process starts. */
  readonly site: string;
  /** Sources of the example, as an author has them. */
  readonly authoring: string;

  constructor(folder: string) {
    this.folder = folder;
    this.site = join(folder, 'site');
    this.authoring = join(folder, 'example');
  }

  /** The kit as an author installs it, the tools, and the sources of the example. */
  async prepareAuthoring(): Promise<void> {
    await this.#run(blocks('sh')[0], root);
    writeFileSync(join(this.folder, 'package.json'), '{ "private": true }');
    await this.#run('npm install ./slipway-plugin-kit-0.1.0.tgz', this.folder);
    const modules = join(this.folder, 'node_modules');
    for (const name of [...TOOLS, ...PROGRAMS.map((program) => `.bin/${program}`)]) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    cpSync(join(root, 'docs/examples/example-plugin'), this.authoring, { recursive: true });
  }

  /** @returns what building, testing and packing the example printed. @throws {Error} with it when one of them failed. */
  buildAndTestExample(): Promise<string> {
    return this.#run(blocks('sh')[1], this.authoring);
  }

  /** Compiles every file of the example, and every `extra` one, with the declarations of the kit checked too. */
  async checkTypes(extra: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(extra)) writeFileSync(join(this.authoring, 'test', name), text);
    await this.#run('../node_modules/.bin/tsc -p tsconfig.test.json', this.authoring);
  }

  /** Tarballs, configuration and tokens in one folder, and the bundle of the app beside it. */
  async prepareSite(): Promise<void> {
    mkdirSync(this.site);
    for (const tarball of ['slipway-plugin-kit-0.1.0.tgz', 'slipway-plugin-example-1.0.0.tgz']) {
      cpSync(join(this.folder, tarball), join(this.site, tarball));
    }
    writeFileSync(join(this.site, 'package.json'), '{ "private": true }');
    writeFileSync(join(this.site, 'slipway.yaml'), blocks('yaml')[0] ?? '');
    writeFileSync(join(this.site, 'tokens.mjs'), blocks('js')[0] ?? '');
    await this.#run(blocks('sh')[2], this.site);
    await this.#run('node ../../libs/tooling/src/build.ts', join(root, 'apps/slipway'));
    cpSync(join(root, 'dist/apps/slipway'), join(this.folder, 'slipway'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'slipway/node_modules')); // what `npm ci --omit=dev` installs, and more
  }

  token(principal: string): string {
    return readFileSync(join(this.site, `${principal}.token`), 'utf8');
  }

  /** Starts the bundle as the page says, with free ports. */
  start(...flags: string[]): ServerProcess {
    const [program, ...words] = (blocks('sh')[3] ?? '').trim().split(' ');
    if (program !== 'node') throw new Error('the page starts the server with something else');
    const portsFile = join(this.site, 'ports.json');
    const free = ['--grpc-port', '0', '--inference-port', '0', '--metrics-port', '0', '--ports-file', portsFile];
    const child = spawn(process.execPath, [...words, ...free, ...flags], {
      cwd: this.site,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ServerProcess(child, portsFile);
  }

  async #run(command: string | undefined, cwd: string): Promise<string> {
    if (command === undefined) throw new Error('docs/plugins.md has fewer commands than this test runs');
    const env = {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      CI: 'true',
      npm_config_offline: 'true',
      npm_config_pack_destination: this.folder,
    };
    try {
      const { stdout, stderr } = await promisify(execFile)('sh', ['-ec', command], {
        cwd,
        env,
        maxBuffer: 16 * 1024 * 1024,
      });
      return stripVTControlCharacters(stdout + stderr);
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`'${command.trim()}' failed:\n${stdout}${stderr}`, { cause: error });
    }
  }
}

export interface ServerPorts {
  readonly grpc: number;
  readonly inference: number;
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #portsFile: string;
  readonly #ended: Promise<number | null>;
  #output = '';

  constructor(child: ChildProcess, portsFile: string) {
    this.#child = child;
    this.#portsFile = portsFile;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-1_000_000)));
    }
  }

  get output(): string {
    return this.#output;
  }

  /** @throws {Error} with the output, when it ends or is not ready within 30 s. */
  async ports(): Promise<ServerPorts> {
    for (let waits = 0; waits < 1_500 && this.#child.exitCode === null; waits++) {
      if (existsSync(this.#portsFile)) return JSON.parse(readFileSync(this.#portsFile, 'utf8')) as ServerPorts;
      await delay(20);
    }
    throw new Error(`the server did not start:\n${this.#output}`);
  }

  /** Resolves with the status it ends with by itself. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  stop(): Promise<number | null> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    return this.#ended;
  }
}
