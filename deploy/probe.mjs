// Health check of a container that has neither shell nor curl: exit code 0 when the service says that it is ready.
import { get } from 'node:http';

const port = process.env.SLIPWAY_METRICS_PORT ?? '8002'; // the default of metrics.port
const request = get({ host: '127.0.0.1', port, path: '/readyz', timeout: 2_000 }, (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.once('timeout', () => request.destroy(new Error('no answer in 2 s')));
request.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
