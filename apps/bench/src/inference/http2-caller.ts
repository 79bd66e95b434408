import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

/** Calls one unary method by hand: half the CPU of a gRPC client, so that the server is what is measured. */
export class Http2Caller {
  readonly #session: ClientHttp2Session;
  readonly #headers: OutgoingHttpHeaders;

  /** @param path e.g. `/inference.GRPCInferenceService/ModelInfer`. */
  constructor(address: string, path: string, token: string | undefined) {
    this.#session = connect(`http://${address}`, {
      maxSessionMemory: 1024, // MB; with the default of 10 this side itself refuses the eleventh megabyte in flight
      settings: { initialWindowSize: 4 * 1024 * 1024 },
    });
    this.#session.on('error', () => undefined); // every call that it breaks says so
    this.#headers = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }

  /** @param frame a framed message. @returns bytes of the answer. @throws {Error} on any status but OK. */
  call(frame: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      let status: string | undefined;
      let message: string | undefined;
      let bytes = 0;
      const readStatus = (headers: IncomingHttpHeaders): void => {
        if (headers['grpc-status'] === undefined) return;
        status = headers['grpc-status'].toString();
        message = headers['grpc-message']?.toString();
      };
      const stream = this.#session.request(this.#headers);
      stream.on('response', readStatus);
      stream.on('trailers', readStatus);
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      stream.on('error', reject);
      stream.on('close', () => {
        if (status === '0') resolve(bytes);
        else reject(new Error(`status ${status ?? 'none'} ${message ?? ''}, reset ${stream.rstCode}`));
      });
      stream.end(frame);
    });
  }

  close(): void {
    this.#session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
  }
}
