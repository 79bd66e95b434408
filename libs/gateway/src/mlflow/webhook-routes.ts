import type { Webhook__Output } from '@slipway/contracts/slipway.registry.v1';
import type { MlflowRoute, WebhookClient } from './call-route.ts';
import { invalid } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { millisJson } from './registry-shapes.ts';
import { nextPage } from './shapes.ts';

const BASE = '/mlflow/webhooks';
const RESULTS_DEFAULT = 100;
const RESULTS_MAX = 1_000;

const webhookJson = (webhook: Webhook__Output): object => ({
  webhook_id: webhook.id,
  name: webhook.name,
  ...(webhook.description !== '' && { description: webhook.description }),
  url: webhook.url,
  events: webhook.events.map(({ entity, action }) => ({ entity, action })),
  status: webhook.active ? 'ACTIVE' : 'DISABLED',
  creation_timestamp: millisJson(webhook.create_time),
  last_updated_timestamp: millisJson(webhook.update_time),
});

const eventOf = (event: Parameters): { entity: string; action: string } => ({
  entity: event.requiredText('entity'),
  action: event.requiredText('action'),
});

/** Whether it is to be told; undefined when nothing is said of it. @throws {MlflowError} */
function activeOf(parameters: Parameters): boolean | undefined {
  const status = parameters.text('status');
  if (status === '') return undefined;
  if (status === 'ACTIVE' || status === 'DISABLED') return status === 'ACTIVE';
  throw invalid(`Invalid value "${status.slice(0, 100)}" for parameter 'status' supplied; use ACTIVE or DISABLED`);
}

/** Reference: `/mlflow/webhooks`. */
export function webhookRoutes(webhooks: WebhookClient): MlflowRoute[] {
  const one = (webhook: Webhook__Output | null): object => ({ webhook: webhook ? webhookJson(webhook) : {} });
  return [
    {
      method: 'POST',
      path: BASE,
      answer: async ({ parameters, options }) => {
        const request = {
          name: parameters.requiredText('name'),
          url: parameters.requiredText('url'),
          events: parameters.objects('events').map(eventOf),
          description: parameters.text('description'),
          secret: parameters.text('secret'),
          paused: activeOf(parameters) === false,
        };
        return one((await webhooks.createWebhook(request, options)).webhook);
      },
    },
    {
      method: 'GET',
      path: BASE,
      answer: async ({ parameters, options }) => {
        const request = {
          page_size: parameters.count('max_results', RESULTS_DEFAULT, RESULTS_MAX),
          page_token: parameters.text('page_token'),
        };
        const page = await webhooks.listWebhooks(request, options);
        return { webhooks: page.webhooks.map(webhookJson), ...nextPage(page) };
      },
    },
    {
      method: 'GET',
      path: `${BASE}/:id`,
      answer: async ({ segment, options }) => one((await webhooks.getWebhook({ id: segment('id') }, options)).webhook),
    },
    {
      method: 'PATCH',
      path: `${BASE}/:id`,
      answer: async ({ segment, parameters, options }) => {
        const active = activeOf(parameters);
        const given = (name: string): object => (parameters.has(name) ? { [name]: parameters.text(name) } : {});
        const request = {
          id: segment('id'),
          events: parameters.objects('events').map(eventOf),
          ...given('name'),
          ...given('url'),
          ...given('description'),
          ...given('secret'),
          ...(active !== undefined && { active }),
        };
        return one((await webhooks.updateWebhook(request, options)).webhook);
      },
    },
    ...webhookEndRoutes(webhooks),
  ];
}

/** Trying one, and deleting it. */
function webhookEndRoutes(webhooks: WebhookClient): MlflowRoute[] {
  return [
    {
      method: 'DELETE',
      path: `${BASE}/:id`,
      answer: ({ segment, options }) => webhooks.deleteWebhook({ id: segment('id') }, options),
    },
    {
      method: 'POST',
      path: `${BASE}/:id/test`,
      answer: async ({ segment, parameters, options }) => {
        const event = parameters.object('event');
        const request = { id: segment('id'), ...(event && { event: eventOf(event) }) };
        const { success, response_status, response_body, error_message } = await webhooks.testWebhook(request, options);
        const result = {
          success,
          ...(response_status !== 0 && { response_status, response_body }),
          ...(error_message !== '' && { error_message }),
        };
        return { result };
      },
    },
  ];
}
