import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom, createIdSource, silentLogger } from '@slipway/kernel';
import { modelRuntimeOnnxPlugin } from '@slipway/model-runtime-onnx';
import { trainerLinearPlugin } from '@slipway/trainer-linear';
import { killAtRandom, untilAnswered } from './chaos.ts';
import { closingTable } from './closing-table.ts';
import { connectPrincipal, oneProcess } from './connect.ts';
import { openFlights, packagedFlights } from './flights.ts';
import { DEMO_HELP, readDemoOptions, type DemoOptions } from './options.ts';
import { pasteTable } from './paste.ts';
import { createScreen, type Screen } from './screen.ts';
import { peakMemoryOf, startServer, type DemoServer } from './server.ts';
import { MODEL } from './dates.ts';
import { tellStory, type StoryOutcome } from './story.ts';

const began = performance.now();

async function run(options: DemoOptions, screen: Screen): Promise<void> {
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort(new Error('interrupted')));
  const server = await startServer(options.keep);
  const dependencies = {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory: server.folder,
  };
  const trainer = trainerLinearPlugin.create(trainerLinearPlugin.parseConfig({}), dependencies);
  const runtime = modelRuntimeOnnxPlugin.create(modelRuntimeOnnxPlugin.parseConfig({}), dependencies);
  const services = `127.0.0.1:${server.ports.grpc}`;
  const inference = `127.0.0.1:${server.ports.inference}`;
  const addresses = oneProcess(services, inference);
  const flights = await openFlights(options.data ?? packagedFlights(), options.slice);
  const alice = connectPrincipal('alice', server.tokens.alice, addresses);
  const bob = connectPrincipal('bob', server.tokens.bob, addresses);
  const calm = new AbortController();
  const kills =
    options.chaos === undefined ? undefined : killAtRandom(() => server.crash(), options.chaos, calm.signal);
  let left = false;
  try {
    await trainer.open(stopped.signal);
    await runtime.open(stopped.signal);
    const { rows, seed, slice } = options;
    const folder = join(server.folder, 'files');
    mkdirSync(folder);
    const outcome = await tellStory(
      {
        alice,
        bob,
        trainer,
        runtime,
        signal: stopped.signal,
        screen,
        flights,
        folder,
        model: MODEL,
        seed,
        slice,
        rows,
        startedAt: Date.now(),
        attempt: options.chaos === undefined ? (step) => step() : untilAnswered,
      },
      { calls: options.calls, kill: (pid) => process.kill(pid, 'SIGKILL') },
    );
    calm.abort();
    if (kills) screen.result(`the server was killed ${await kills} times meanwhile`);
    report(outcome, server, options, screen);
    if (options.keep) {
      left = true;
      server.leave();
      sayHowToReach(server, screen);
    }
  } finally {
    calm.abort();
    await kills;
    flights.close();
    await Promise.all([alice.close(), bob.close(), trainer.close(), runtime.close()]);
    if (!left) await server.stop();
  }
}

function report(outcome: StoryOutcome, server: DemoServer, options: DemoOptions, screen: Screen): void {
  const resources = {
    seconds: (performance.now() - began) / 1000,
    serverReadySeconds: server.readyAfterMs / 1000,
    demoBytes: peakMemoryOf(process.pid),
    serverBytes: server.peakMemoryBytes(),
  };
  const table = closingTable(outcome, resources);
  screen.table(table);
  if (options.paste !== undefined) pasteTable(options.paste, table);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...outcome, resources }, withoutBytes, 2)}\n`);
  if (outcome.swap.failed > 0 || outcome.swap.wrong > 0) process.exitCode = 1;
}

/** Models are not for reading. */
const withoutBytes = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? `${value.byteLength} bytes` : value;

function sayHowToReach(server: DemoServer, screen: Screen): void {
  screen.result(
    `the server goes on, look at http://127.0.0.1:${server.ports.http}/ (token of alice); gRPC 127.0.0.1:${server.ports.grpc}, Open Inference 127.0.0.1:${server.ports.inference}, metrics http://127.0.0.1:${server.ports.metrics}/metrics`,
  );
  screen.result(`tokens of alice, bob and the auditor are in ${server.folder}`);
  screen.result(
    `to look closer: export SLIPWAY_TOKEN_FILE=${server.folder}/auditor.token; to end it: kill ${server.pid}`,
  );
}

try {
  const options = readDemoOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(DEMO_HELP);
  else
    await run(
      options,
      createScreen(options.json ? process.stderr : process.stdout, process.stdout.isTTY && !options.json, options.keep),
    );
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
