import { createClient, type ClientTransport } from '@slipway/clients';
import { batchService } from '@slipway/contracts/slipway.batch.v1';
import { operationService } from '@slipway/contracts/slipway.common.v1';
import { featureStoreService } from '@slipway/contracts/slipway.features.v1';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import { routingService } from '@slipway/contracts/slipway.routing.v1';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { PipelineClients } from '../steps/services.ts';
import { FakeRegistry } from './fake-registry.ts';

type Answer = (request: never) => object;

const all = async (messages: AsyncIterable<object>): Promise<object[]> => {
  const taken: object[] = [];
  for await (const message of messages) taken.push(message);
  return taken;
};

const requestIdOf = (request: object): string => {
  const first = (Array.isArray(request) ? request[0] : request) as {
    request_id?: string;
    header?: { request_id?: string };
  };
  return first.request_id ?? first.header?.request_id ?? '';
};

async function* streamed(messages: Iterable<object>): AsyncGenerator<object, void, undefined> {
  for (const message of messages) yield await Promise.resolve(message);
}

/** The other services, in memory: state outlives the steps, and a request id has its effect once. */
export class FakeServices {
  readonly registry = new FakeRegistry();
  /** Calls that had an effect, by method and request id. */
  readonly effects: string[] = [];
  readonly operations = new Map<string, { state: string; result_json: string; error?: object }>();
  readonly requests: { method: string; request: object; workspace: string }[] = [];
  ingestions: object[] = [];
  scoringSet: object = {};
  /** States that a scoring job goes through, one a look. */
  jobStates: string[] = ['SCORING_JOB_STATE_DONE'];
  /** Called before an answer is on its way. */
  afterEffect: ((method: string) => void) | undefined;
  readonly #answers = new Map<string, object>();
  #runs = 0;

  readonly clients: PipelineClients = {
    features: createClient(featureStoreService, this.#transport()),
    featureOperations: createClient(operationService, this.#transport()),
    tracking: createClient(trackingService, this.#transport()),
    registry: createClient(registryService, this.#transport()),
    routing: createClient(routingService, this.#transport()),
    batch: createClient(batchService, this.#transport()),
  };

  readonly #methods: Readonly<Record<string, Answer>> = {
    ...this.registry.methods,
    ListIngestions: () => ({ ingestions: this.ingestions, next_page_token: '' }),
    CreateScoringSet: () => {
      const id = `op-${this.operations.size + 1}`;
      this.operations.set(id, { state: 'OPERATION_STATE_SUCCEEDED', result_json: '{"id":"set-1"}' });
      return { operation: { id } };
    },
    GetScoringSet: () => ({ scoring_set: this.scoringSet }),
    GetOperation: ({ id }: { id: string }) => ({ operation: { id, kind: 'work', ...this.operations.get(id) } }),
    CreateExperiment: () => ({ experiment: { experiment_id: '1' } }),
    CreateRun: () => ({ run: { run_id: `run-${(this.#runs += 1)}` } }),
    CreateRoutingExperiment: () => ({ experiment: { id: 'canary-1' } }),
    CreateScoringJob: () => ({ job: { id: 'job-1' } }),
    ResumeScoringJob: () => ({ job: { id: 'job-1' } }),
    GetScoringJob: () => {
      const state = this.jobStates.length > 1 ? this.jobStates.shift() : this.jobStates[0];
      return { job: { id: 'job-1', state, scored_rows: '7', failed_rows: '0', version: '2', manifest_uri: 'artifact:m', error_reason: 'R', error_message: 'm' } }; // prettier-ignore
    },
  };

  #transport(): ClientTransport {
    return {
      answer: async ({ name }, input, options) => {
        options.signal?.throwIfAborted();
        const request = Symbol.asyncIterator in input ? await all(input) : input;
        this.requests.push({ method: name, request, workspace: options.workspace ?? '' });
        const id = requestIdOf(request);
        const known = id === '' ? undefined : this.#answers.get(`${name}:${id}`);
        if (known) return known;
        const answer = this.#methods[name]?.(request as never) ?? {};
        if (id !== '') {
          this.#answers.set(`${name}:${id}`, answer);
          this.effects.push(`${name}:${id}`);
          this.afterEffect?.(name);
        }
        return answer;
      },
      stream: (_method, input) => streamed(this.registry.download(input as { version: string })),
      close: () => Promise.resolve(),
    };
  }
}
