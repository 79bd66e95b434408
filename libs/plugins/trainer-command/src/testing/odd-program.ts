// Training programs that behave badly, one per first argument; the second is a file that a process writes its id to.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildModel } from '@slipway/model-package';

const [, , behaviour = '', pids = ''] = process.argv;
const folder = process.env['SLIPWAY_MODEL_DIRECTORY'] ?? '';
const note = (pid: number | undefined): void => appendFileSync(pids, `${pid}\n`);
const leave = (file: string, content: string | Uint8Array): void => writeFileSync(join(folder, file), content);
/** Nothing here outlives a test whose own process was killed. */
const STAY_MS_MAX = 60_000;
const HELD_BUFFERS_MAX = 128; // 1 GiB
const stay = (): void => void setTimeout(() => process.exit(9), STAY_MS_MAX);
const shape = [-1, 1];
const leaveModel = (): void => {
  const graph = {
    name: 'twice',
    inputs: [{ name: 'x', datatype: 'FP32' as const, shape }],
    outputs: [{ name: 'y', datatype: 'FP32' as const, shape }],
    initializers: [],
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
  };
  leave('model.onnx', buildModel({ producer: 'test', opsets: [{ domain: '', version: 17 }], graph }));
};
/**
 * A process of another program that ignores SIGTERM and keeps our standard output open: in our group with an environment of its own, or
 * out of the group with ours.
 */
const child = (where: 'in the group' | 'out of it'): void => {
  const code = `process.on("SIGTERM", () => undefined); setTimeout(() => undefined, ${STAY_MS_MAX});`;
  const detached = where === 'out of it';
  note(spawn(process.execPath, ['-e', code], { detached, stdio: 'inherit', ...(detached ? {} : { env: {} }) }).pid);
};

const behaviours: Readonly<Record<string, () => void>> = {
  well: leaveModel,
  crash: () => {
    console.log('reading the data');
    console.error('IndexError: no such column');
    process.exitCode = 3;
  },
  signalled: () => void process.kill(process.pid, 'SIGSEGV'),
  hang: () => {
    process.on('SIGTERM', () => console.log('not now'));
    note(process.pid);
    console.log('ready');
    stay();
  },
  obey: () => {
    process.on('SIGTERM', () => {
      console.log('stopping');
      process.exit(0);
    });
    console.log('ready');
    stay();
  },
  fork: () => {
    note(process.pid);
    child('in the group');
    child('out of it');
    console.log('ready');
    stay();
  },
  orphans: () => {
    child('in the group');
    child('out of it');
    leaveModel();
    process.exit(0); // without waiting for them
  },
  hog: () => {
    const held: Buffer[] = [];
    setInterval(() => held.length < HELD_BUFFERS_MAX && held.push(Buffer.alloc(8 * 1024 * 1024, 1)), 5);
    stay();
  },
  forkedHog: () => {
    const code = `const held = []; setInterval(() => held.length < ${HELD_BUFFERS_MAX} && held.push(Buffer.alloc(8388608, 1)), 5); setTimeout(() => process.exit(9), ${STAY_MS_MAX});`;
    for (let i = 0; i < 3; i += 1) note(spawn(process.execPath, ['-e', code], { stdio: 'ignore' }).pid);
    stay();
  },
  flood: () => {
    leaveModel();
    const line = `${'x'.repeat(99)}\n`.repeat(1000);
    let written = 0;
    const more = (): void => {
      while (written < 300) {
        written += 1;
        if (!process.stdout.write(line)) return void process.stdout.once('drain', more);
      }
      process.stdout.write('the end\n');
    };
    more();
  },
  progress: () => {
    leaveModel();
    console.log('SLIPWAY_PROGRESS 1 4 trees');
    console.log('SLIPWAY_PROGRESS 5 4 trees'); // more than there is
    console.log('SLIPWAY_PROGRESS 3 4 trees');
  },
  slow: () => void setTimeout(leaveModel, 2300),
  environment: () => {
    leaveModel();
    for (const [name, value] of Object.entries(process.env)) console.log(`${name}=${value}`);
    console.log(`arguments ${JSON.stringify(process.argv.slice(2))}`);
    console.error(`bearer ${process.env['MLFLOW_TRACKING_TOKEN']}`);
  },
  nothing: () => console.log('done, or so I think'),
  broken: () => leave('model.onnx', 'not an ONNX file'),
  link: () => symlinkSync('/etc/passwd', join(folder, 'model.onnx')),
  folder: () => mkdirSync(join(folder, 'model.onnx')),
  infiniteMetric: () => {
    leaveModel();
    leave('metrics.json', '{"auc": 1e999}');
  },
  textMetric: () => {
    leaveModel();
    leave('metrics.json', '{"auc": "0.7"}');
  },
  brokenMetrics: () => {
    leaveModel();
    leave('metrics.json', '{"auc": NaN}');
  },
  hugeMetrics: () => {
    leaveModel();
    leave('metrics.json', `{"auc": ${' '.repeat(2 * 1024 * 1024)}1}`);
  },
  manyMetrics: () => {
    leaveModel();
    leave('metrics.json', JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`m${i}`, i]))));
  },
};
const behave = behaviours[behaviour];
if (!behave) throw new Error(`no behaviour '${behaviour}'`);
behave();
