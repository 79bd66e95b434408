/**
 * Makes `dist/plugin-kit`: what third parties install. Plain JavaScript and declarations of this package and of `@slipway/kernel`, which is
 * part of it, as it is not published itself. `npm publish dist/plugin-kit` or `npm pack ./dist/plugin-kit` go on from there.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../../..');
const kit = join(root, 'libs/plugin-kit');
const output = join(root, 'dist/plugin-kit');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Workspace packages that go into this one, by the name they are imported with: their entry below `libs`, and in the output. */
const BUNDLED: Readonly<Record<string, { readonly source: string; readonly entry: string }>> = {
  '@slipway/kernel': { source: 'kernel/src/index.ts', entry: 'kernel/src/index.js' },
};
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"]+)\2/g;

/** Entries of the kit and everything they import, as `<lib>/src/*.js` and `.d.ts`. @throws {Error} with the first problems of the compiler. */
function compile(): void {
  const base = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...(base.config as { compilerOptions: object }).compilerOptions,
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(root, 'libs'),
      // found through node_modules they would count as somebody else's and not be written
      paths: Object.fromEntries(
        Object.entries(BUNDLED).map(([name, { source }]) => [name, [join(root, 'libs', source)]]),
      ),
      outDir: output,
    },
    root,
  );
  const program = ts.createProgram([join(kit, 'src/index.ts'), join(kit, 'src/testing/index.ts')], options);
  const emitted = program.emit();
  const problems = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics].slice(0, 20);
  if (problems.length === 0) return;
  const host = {
    getCanonicalFileName: (name: string) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  };
  throw new Error(`the plugin kit does not compile:\n${ts.formatDiagnostics(problems, host)}`);
}

/** Names of bundled packages become paths, and `.ts` in declarations `.js`. @throws {Error} on another package of this workspace. */
function rewriteImports(file: string): void {
  const text = readFileSync(file, 'utf8');
  const rewritten = text.replaceAll(SPECIFIER, (_, before: string, quote: string, specifier: string) => {
    const target = BUNDLED[specifier];
    if (specifier.startsWith('@slipway/') && target === undefined) {
      throw new Error(
        `${relative(output, file)} imports ${specifier}, which is not published: add it to the bundled ones`,
      );
    }
    const path = target === undefined ? specifier : relative(dirname(file), join(output, target.entry));
    return `${before}${quote}${path.replace(/^(\.{1,2}\/.*)\.ts$/, '$1.js')}${quote}`;
  });
  if (rewritten !== text) writeFileSync(file, rewritten);
}

function writeManifest(): void {
  const { name, version, license } = readManifest(kit);
  const { engines, devDependencies: tools } = readManifest(root);
  const entry = (path: string): object => ({
    types: `./plugin-kit/src/${path}.d.ts`,
    default: `./plugin-kit/src/${path}.js`,
  });
  const manifest = {
    name,
    version,
    description: 'Ports of Slipway, what their drivers share, and the contract suites that every driver passes',
    license,
    type: 'module',
    engines: engines ?? { node: '>=24' },
    exports: { '.': entry('index'), './testing': entry('testing/index'), './package.json': './package.json' },
    peerDependencies: { 'fast-check': tools?.['fast-check'], vitest: tools?.['vitest'] },
    peerDependenciesMeta: { 'fast-check': { optional: true }, vitest: { optional: true } },
  };
  const caret = Object.entries(manifest.peerDependencies).map(([tool, exact]) => {
    if (exact === undefined) throw new Error(`the workspace has no ${tool}, which the contract suites need`);
    return [tool, `^${exact}`];
  });
  const text = JSON.stringify({ ...manifest, peerDependencies: Object.fromEntries(caret) as object }, null, 2);
  writeFileSync(join(output, 'package.json'), `${text}\n`);
}

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
compile();
const files = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(?:js|d\.ts)$/.test(file));
for (const file of files) rewriteImports(join(output, file));
writeManifest();
cpSync(join(kit, 'README.md'), join(output, 'README.md'));
cpSync(join(root, 'LICENSE'), join(output, 'LICENSE'));
process.stdout.write(`${relative(root, output)}: ${files.length} modules and declarations\n`);
