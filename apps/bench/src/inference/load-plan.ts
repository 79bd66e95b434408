/** Tells a load generator whom to call and with what. */
export interface LoadTarget {
  readonly address: string;
  readonly path: string;
  readonly token: string | undefined;
  /** Framed messages, used in turn; over HTTP bodies. */
  readonly frames: readonly Uint8Array[];
  /** Of a call over HTTP/1.1; without them calls go over gRPC. */
  readonly http?: { readonly headers: Readonly<Record<string, string>> };
}

export type LoadPlan =
  /** As many calls as the server takes, `inFlight` of them at a time. */
  | { readonly kind: 'closed'; readonly seconds: number; readonly inFlight: number }
  /** Calls at fixed times, whether earlier ones were answered or not; latency counts from the time a call was due. */
  | { readonly kind: 'open'; readonly seconds: number; readonly callsPerSecond: number };

export type LoadRequest = { readonly target: LoadTarget } | { readonly plan: LoadPlan };

export interface LoadOutcome {
  readonly calls: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly latencyP50: number;
  readonly latencyP99: number;
}
