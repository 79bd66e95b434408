import type { RowContext } from '../bench-row.ts';
import { startChild, type BenchChild } from '../measure/bench-child.ts';
import { interleave, type Contender } from '../measure/rounds.ts';
import type { AloneRequest } from './runtime-alone-child.ts';
import { onnxOf, type LinearModel } from './linear-model.ts';
import { startLoad, type LoadGenerator, type LoadMeasure } from './load-generator.ts';
import { batchesOf, framed, genericInfer, requestOf } from './requests.ts';
import { serveModels } from './served-model.ts';

export interface InferencePlan {
  readonly model: LinearModel;
  /** Rows of one call. */
  readonly rows: number;
  /** Distinct calls, used in turn. */
  readonly batches: number;
  readonly inFlight: number;
  readonly authenticators: readonly ('none' | 'tokens')[];
  /** Of the closed loop of each contender in each round. */
  readonly seconds: number;
  /** Load on each server before the first round: the engine compiles what runs often, and a server with more code takes longer to settle. */
  readonly warmUpSeconds: number;
}

/** A closed loop, then an open loop at half of what it reached. */
export interface ServerMeasure {
  readonly saturated: LoadMeasure;
  readonly half: LoadMeasure;
}

export interface InferenceMeasures {
  readonly servers: Readonly<Record<string, readonly ServerMeasure[]>>;
  /** CPU microseconds per run without any server. */
  readonly alone: Readonly<Record<'onnxruntime' | 'driver', readonly number[]>>;
}

/** Measures the echo, our server with each authenticator, and the runtime without a server, in the same rounds. */
export async function compareInference(context: RowContext, plan: InferencePlan): Promise<InferenceMeasures> {
  const { model, rows, batches, authenticators } = plan;
  const values = context.random.floats(model.name, batches * rows * model.features);
  const requests = batchesOf(values, rows, model.features).map((batch) => requestOf(model, batch));
  const frames = requests.map((request) => framed(genericInfer.requestSerialize(request)));
  const stops: (() => Promise<void>)[] = [];
  const open = async <Opened extends { stop(): Promise<void> }>(opened: Promise<Opened> | Opened): Promise<Opened> => {
    const running = await opened;
    stops.push(() => running.stop());
    return running;
  };
  try {
    const loads: Record<string, LoadGenerator> = {};
    const echo = await open(startChild('inference/echo-child'));
    const address = await echo.ask<string>({ rows });
    loads['echo'] = await open(startLoad({ address, path: genericInfer.path, token: undefined, frames }, echo.pid));
    for (const authenticator of authenticators) {
      context.progress(`starting Slipway with the authenticator ${authenticator}`);
      const { process, token } = await open(serveModels(authenticator, [model]));
      const target = { address: process.inferenceAddress, path: genericInfer.path, token, frames };
      loads[authenticator] = await open(startLoad(target, process.pid));
    }
    const alone = await open(startChild('inference/runtime-alone-child'));
    const load: AloneRequest = { model: onnxOf(model), features: model.features, rows, values };
    await alone.ask(load);
    return await measure(context, plan, loads, alone);
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}

type Measured = { readonly server: ServerMeasure } | { readonly alone: number };

async function measure(
  { options, progress, signal }: RowContext,
  { seconds, inFlight, warmUpSeconds }: InferencePlan,
  loads: Readonly<Record<string, LoadGenerator>>,
  alone: BenchChild,
): Promise<InferenceMeasures> {
  const contenders: Record<string, Contender<Measured>> = {};
  for (const [name, load] of Object.entries(loads)) {
    contenders[name] = async () => {
      const saturated = await load.run({ kind: 'closed', seconds, inFlight });
      const half = await load.run({ kind: 'open', seconds, callsPerSecond: saturated.callsPerSecond / 2 });
      return { server: { saturated, half } };
    };
  }
  for (const through of ['onnxruntime', 'driver'] as const)
    contenders[`alone ${through}`] = async () => {
      return { alone: await alone.ask<number>({ seconds: seconds / 3, through } satisfies AloneRequest) };
    };
  for (const [name, load] of Object.entries(loads)) {
    progress(`warming up ${name}`);
    await load.run({ kind: 'closed', seconds: warmUpSeconds, inFlight });
  }
  const measured = await interleave(contenders, options.rounds, {
    warmUp: true,
    signal,
    onRound: (round) => progress(`round ${round} of ${options.rounds}`),
  });
  const numbers = (name: string): number[] =>
    (measured[name] ?? []).flatMap((one) => ('alone' in one ? [one.alone] : []));
  const servers = Object.keys(loads).map((name) => [
    name,
    (measured[name] ?? []).flatMap((one) => ('server' in one ? [one.server] : [])),
  ]);
  return {
    servers: Object.fromEntries(servers) as InferenceMeasures['servers'],
    alone: { onnxruntime: numbers('alone onnxruntime'), driver: numbers('alone driver') },
  };
}
