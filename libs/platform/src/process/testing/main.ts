// A whole service in one file: what an app's main.ts and compose.ts do, for the tests of the process.
import { setTimeout as delay } from 'node:timers/promises';
import { auditService } from '@slipway/contracts/slipway.audit.v1';
import { z } from 'zod';
import { defineSettings } from '../../config/setting.ts';
import { implementService } from '../../rpc/handler.ts';
import { startSlipwayProcess } from '../start-slipway-process.ts';

await startSlipwayProcess(
  {
    name: 'example',
    version: '1.2.3',
    settings: defineSettings({
      'example.greeting': { schema: z.string(), default: 'hello', doc: 'Said in every answer.' },
      'example.password': { schema: z.string().optional(), doc: 'Unused.', secret: true },
    }),
    listeners: ['grpc', 'http'],
    builtInPlugins: [],
    compose: ({ config, log }) => {
      if (config.get('example.greeting') === 'unwelcome') throw new Error('the greeting is unwelcome');
      let ready = true;
      const audit = implementService(auditService, {
        /** Works for `page_token` milliseconds, then says who asked. */
        listAuditRecords: async ({ page_token: ms }, { caller }) => {
          await delay(Number(ms));
          log.info({}, 'work done');
          return { next_page_token: `${config.get('example.greeting')} ${caller.principal}@${caller.workspace}` };
        },
        /** The hash decides whether the module is ready from now on. */
        verifyAudit: async ({ anchor_hash: word }) => {
          ready = word !== 'off';
          return {};
        },
      });
      return {
        modules: [
          {
            name: 'audit',
            listener: 'grpc',
            services: [audit],
            http: {
              listener: 'http',
              routes: [
                {
                  method: 'GET',
                  path: '/hello/:ms',
                  permission: 'authenticated',
                  handle: async ({ caller, param }) => {
                    await delay(Number(param('ms')));
                    return { body: `hello ${caller.principal}@${caller.workspace}` };
                  },
                },
              ],
            },
            components: [],
            isReady: () => (ready ? { ready } : { ready, reason: 'the store is closed' }),
          },
        ],
      };
    },
  },
  process,
);
