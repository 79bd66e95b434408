import { createGrpcServer } from '@slipway/platform';
import { answerParent } from '../measure/bench-child.ts';
import { chainDependencies, echoService } from './echo-service.ts';

answerParent(async () => {
  const server = createGrpcServer({
    services: [echoService()],
    host: '127.0.0.1',
    port: 0,
    reflection: false,
    dependencies: chainDependencies(),
  });
  await server.start(new AbortController().signal);
  return `127.0.0.1:${server.port}`;
});
