export { createClient, type CallOptions, type Client, type ClientMethod, type ClientTransport } from './client.ts';
export { DEFAULT_TIMEOUT_MS, type TokenProvider } from './call-headers.ts';
export { grpcTransport, type GrpcTransportOptions } from './grpc-transport.ts';
export { inProcessTransport, type InProcessTransportOptions } from './in-process-transport.ts';
export { internalTransport } from './internal-transport.ts';
export { connectUpstream, optionalUpstreamSettings, upstreamSettings, type Upstream } from './upstream.ts';
