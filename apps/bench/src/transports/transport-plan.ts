/** Which way a round goes; `seconds` of calls one after the other. */
export interface TransportRequest {
  readonly transport: 'in-process' | 'loopback';
  readonly seconds: number;
}
