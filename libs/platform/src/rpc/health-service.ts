import { NotFoundError, UnavailableError } from '@slipway/kernel';
import { health, type HealthCheckResponse } from '@slipway/contracts/grpc.health.v1';
import { implementService, type CallContext, type ServiceImplementation } from './handler.ts';

/** The state behind grpc.health.v1; also what readiness over HTTP reads. */
export class ServingStates {
  readonly #serving: Map<string, boolean>;
  readonly #listeners = new Set<() => void>();
  #closed = false;

  /** @param services full names; none of them serves yet. */
  constructor(services: readonly string[]) {
    this.#serving = new Map(services.map((service) => [service, false]));
  }

  /** @throws {RangeError} for a service this server does not have. */
  setServing(service: string, serving: boolean): void {
    if (!this.#serving.has(service)) throw new RangeError(`this server has no service '${service}'`);
    this.#serving.set(service, serving);
    this.#changed();
  }

  setAll(serving: boolean): void {
    for (const service of this.#serving.keys()) this.#serving.set(service, serving);
    this.#changed();
  }

  /** Nothing serves any more and watchers are told to go elsewhere. */
  close(): void {
    this.#closed = true;
    this.setAll(false);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** '' is the server as a whole: it serves when every service does. Undefined for a service it does not have. */
  isServing(service: string): boolean | undefined {
    if (service !== '') return this.#serving.get(service);
    return [...this.#serving.values()].every(Boolean);
  }

  /** Resolves at the next change of any service, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

type Status = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

function statusOf(states: ServingStates, service: string): Status {
  const serving = states.isServing(service);
  if (serving === undefined) return 'SERVICE_UNKNOWN';
  return serving ? 'SERVING' : 'NOT_SERVING';
}

async function* watch(
  states: ServingStates,
  service: string,
  { signal }: CallContext,
): AsyncGenerator<HealthCheckResponse> {
  let sent: Status | undefined;
  while (!signal.aborted) {
    const change = states.change(signal);
    const status = statusOf(states, service);
    if (status !== sent) yield { status };
    sent = status;
    if (states.closed) throw new UnavailableError('the server is shutting down', { reason: 'SHUTTING_DOWN' });
    await change;
  }
}

/** grpc.health.v1.Health over these states. */
export function healthService(states: ServingStates): ServiceImplementation {
  return implementService(health, {
    check: ({ service }) => {
      const status = statusOf(states, service);
      if (status === 'SERVICE_UNKNOWN') {
        return Promise.reject(new NotFoundError(`this server has no service '${service}'`, { facts: { service } }));
      }
      return Promise.resolve({ status });
    },
    watch: ({ service }, context) => watch(states, service, context),
  });
}
