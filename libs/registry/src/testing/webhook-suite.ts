import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '@slipway/clients';
import type { WebhookService } from '@slipway/contracts/slipway.registry.v1';
import { Secret } from '@slipway/kernel';
import type { DatabaseTarget } from '@slipway/persistence';
import type { TestDatabases } from '@slipway/persistence/testing';
import { deleteAlias } from '../domain/use-cases/delete-alias.ts';
import { deleteModelVersion } from '../domain/use-cases/delete-model-version.ts';
import { moveAlias } from '../domain/use-cases/move-alias.ts';
import { setAliasPolicy } from '../domain/use-cases/set-alias-policy.ts';
import { updateModelVersion } from '../domain/use-cases/update-model-version.ts';
import { callBy, newModel, newVersion } from './registry-fixture.ts';
import { EVERY_EVENT, eventNamed, signatureFor, webhookFixture, type WebhookFixture } from './webhook-fixture.ts';
import { startReceiver, testWebhooks, type WebhookReceiver } from './webhook-receiver.ts';

const SECRET = 'a secret that nobody may read';
const call = callBy('alice');
const name = 'flights';

/** Deliveries on a real database, to a real server. */
export function webhookSuite(on: string, start: () => Promise<TestDatabases>): void {
  describe(`webhooks on ${on}`, () => {
    let databases: TestDatabases;
    let target: DatabaseTarget;
    let receiver: WebhookReceiver;
    let fixture: WebhookFixture;
    let alice: Client<WebhookService>;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());
    beforeEach(async () => {
      receiver = await startReceiver();
      target = await databases.fresh();
      fixture = await webhookFixture(target, { webhooks: testWebhooks([receiver.host]) });
      alice = fixture.connect('alice');
    });
    afterEach(async () => {
      await fixture.stop();
      await receiver.stop();
    });

    const create = async (events = EVERY_EVENT, more: { secret?: string; paused?: boolean } = { secret: SECRET }) => {
      const { webhook } = await alice.createWebhook({
        name: 'ci',
        url: receiver.url,
        events: events.map(eventNamed),
        ...more,
      });
      return webhook?.id ?? '';
    };
    const log = async (id: string) => (await alice.listWebhookDeliveries({ webhook_id: id })).deliveries;
    const settled = async (id: string, state: string) => {
      for (let turn = 0; turn < 500; turn++) {
        const [newest] = await log(id);
        if (newest?.state === `WEBHOOK_DELIVERY_STATE_${state}`) return newest;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`not ${state}: ${JSON.stringify(await log(id))}`);
    };

    it('keeps the secret to itself, sealed', async () => {
      const id = await create();
      const { webhook } = await alice.getWebhook({ id });
      expect(JSON.stringify(webhook)).not.toContain(SECRET);
      expect(webhook).toMatchObject({ name: 'ci', url: receiver.url, active: true, principal: 'alice' });
      const tables = ['registry_webhook', 'slipway_request', 'slipway_audit_record', 'slipway_outbox'];
      for (const table of tables) {
        const rows = await fixture.unitOfWork.read(({ sql }) => sql.all(`select * from ${table}`));
        const text = JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
        expect(text).not.toContain(SECRET);
      }
    });

    it('creates once per request id, changes, lists and deletes', async () => {
      const request = { name: 'a', url: receiver.url, events: [eventNamed('MODEL_VERSION.CREATED')], request_id: 'r1' };
      const first = await alice.createWebhook({ ...request, secret: SECRET });
      const again = await alice.createWebhook({ ...request, secret: SECRET });
      expect(again.webhook?.id).toBe(first.webhook?.id);
      const id = first.webhook?.id ?? '';
      const other = await create();
      const { webhook } = await alice.updateWebhook({ id, active: false, name: 'b' });
      expect(webhook).toMatchObject({ name: 'b', active: false, url: receiver.url });
      expect(webhook?.events).toHaveLength(1);
      const page = await alice.listWebhooks({ page_size: 1 });
      expect(page.webhooks.map((each) => each.id)).toEqual([id]);
      const rest = await alice.listWebhooks({ page_size: 1, page_token: page.next_page_token });
      expect(rest.webhooks.map((each) => each.id)).toEqual([other]);
      await expect(fixture.connect('bob', 'elsewhere').getWebhook({ id })).rejects.toMatchObject({ kind: 'not-found' });
      await alice.deleteWebhook({ id });
      await expect(alice.getWebhook({ id })).rejects.toMatchObject({ reason: 'WEBHOOK_NOT_FOUND' });
      await expect(alice.deleteWebhook({ id })).rejects.toMatchObject({ reason: 'WEBHOOK_NOT_FOUND' });
    });

    it('tells every kind of change as MLflow does, signed', async () => {
      const id = await create();
      const silent = await create(['MODEL_VERSION.CREATED'], { paused: true });
      const picky = await create(['MODEL_VERSION_TAG.SET'], {});
      const { deps } = fixture;
      await newModel(deps, call, name);
      await newVersion(deps, call, name, { tags: { team: 'ops' }, description: 'first' });
      await newVersion(deps, call, name, { bias: 2 });
      const edit = { model: name, version: 1n, description: undefined, requestId: '' };
      await updateModelVersion(call, { ...edit, setTags: { team: 'ml', a: '1' }, removeTags: [] }, deps);
      await updateModelVersion(call, { ...edit, setTags: {}, removeTags: ['a'] }, deps);
      const alias = { model: name, alias: 'champion', requestId: '' };
      await setAliasPolicy(call, { ...alias, gates: [], approvalsRequired: 0 }, deps);
      await moveAlias(call, { ...alias, version: 1n, expectedRevision: undefined }, deps);
      await deleteAlias(call, alias, deps);
      await deleteModelVersion(call, { model: name, version: 2n, withAliases: false, requestId: '' }, deps);
      await newModel(deps, callBy('eve', 'elsewhere'), 'foreign');
      const told = (await log(id)).reverse().map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      const version = { name, version: '1' };
      expect(told.map(({ entity, action, data }) => [`${String(entity)}.${String(action)}`, data])).toEqual([
        ['registered_model.created', { name, tags: {}, description: null }],
        ['model_version.created', expect.objectContaining({ ...version, tags: { team: 'ops' }, description: 'first' })],
        ['model_version.created', expect.objectContaining({ name, version: '2', tags: {}, description: null })],
        ['model_version_tag.set', { ...version, key: 'team', value: 'ml' }],
        ['model_version_tag.set', { ...version, key: 'a', value: '1' }],
        ['model_version_tag.deleted', { ...version, key: 'a' }],
        ['model_version_alias.created', { ...version, alias: 'champion' }],
        ['model_version_alias.deleted', { name, alias: 'champion' }],
        ['model_version.deleted', { name, version: '2' }],
      ]);
      expect(await log(silent)).toEqual([]);
      expect(await log(picky)).toHaveLength(2);
      await fixture.start();
      await receiver.until(11);
      const signed = receiver.received.filter(({ headers }) => headers['x-mlflow-signature'] !== undefined);
      expect(signed).toHaveLength(9);
      for (const one of signed) expect(one.headers['x-mlflow-signature']).toBe(signatureFor(SECRET, one));
      expect(signed.map(({ body }) => body).sort()).toEqual((await log(id)).map(({ body }) => body).sort());
      expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(11);
      for (const one of receiver.received) expect(one.headers['content-type']).toBe('application/json');
    });

    it('writes nothing down for a change that did not happen', async () => {
      const id = await create();
      const { unitOfWork } = fixture.deps;
      await newModel(fixture.deps, call, name);
      const failing = unitOfWork.run(call, async (tx) => {
        const model = await tx.models.lock(name);
        if (model) await tx.models.update({ ...model, deleted: true });
        throw new Error('in the end not');
      });
      await expect(failing).rejects.toThrow('in the end not');
      expect(await log(id)).toHaveLength(1);
    });

    it('tries again with the same id and body, and keeps a log', async () => {
      await fixture.start();
      const id = await create();
      const answers = [503, 429, 204];
      receiver.answerWith((_, response) => void response.writeHead(answers.shift() ?? 500).end());
      await newModel(fixture.deps, call, name);
      const delivered = await settled(id, 'DELIVERED');
      expect(delivered).toMatchObject({ attempts: 3, response_status: 204, error_message: '' });
      expect(receiver.received).toHaveLength(3);
      expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
      expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id']))).toEqual(
        new Set([delivered.id]),
      );
    });

    it('gives up after its attempts, at once when asking again is of no use, and sends again when told to', async () => {
      await fixture.start();
      const id = await create();
      receiver.answerWith((_, response) => void response.writeHead(500).end());
      await newModel(fixture.deps, call, name);
      const failed = await settled(id, 'FAILED');
      expect(failed).toMatchObject({ attempts: 3, response_status: 500, error_message: 'the receiver answered 500' });
      receiver.answerWith((_, response) => void response.writeHead(302, { location: receiver.url }).end());
      await alice.redeliverWebhook({ delivery_id: failed.id });
      await receiver.until(4);
      const redirected = await settled(id, 'FAILED');
      expect(redirected).toMatchObject({ id: failed.id, attempts: 1, response_status: 302 });
      receiver.answerWith(undefined);
      const { delivery } = await alice.redeliverWebhook({ delivery_id: failed.id });
      expect(delivery).toMatchObject({ id: failed.id, state: 'WEBHOOK_DELIVERY_STATE_PENDING', attempts: 0 });
      await settled(id, 'DELIVERED');
      expect(receiver.received).toHaveLength(5);
      expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1);
      await expect(alice.redeliverWebhook({ delivery_id: 'none' })).rejects.toMatchObject({
        reason: 'WEBHOOK_DELIVERY_NOT_FOUND',
      });
    });

    it('sends each once when two processes do, and nothing to one that is paused or deleted', async () => {
      const second = await webhookFixture(target, { webhooks: testWebhooks([receiver.host]), seed: 50 });
      try {
        const id = await create(['REGISTERED_MODEL.CREATED']);
        const gone = await create(['REGISTERED_MODEL.CREATED']);
        const paused = await create(['REGISTERED_MODEL.CREATED']);
        for (let at = 0; at < 20; at++) await newModel(fixture.deps, call, `model-${at}`);
        await alice.deleteWebhook({ id: gone });
        await alice.updateWebhook({ id: paused, active: false });
        await Promise.all([fixture.start(), second.start()]);
        await receiver.until(20);
        await settled(id, 'DELIVERED');
        expect((await log(paused)).map(({ attempts }) => attempts)).toEqual(Array.from({ length: 20 }, () => 0));
        expect(receiver.received).toHaveLength(20);
        await alice.updateWebhook({ id: paused, active: true });
        await receiver.until(40);
        expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(40);
      } finally {
        await second.stop();
      }
    });

    it('goes on for others when a secret does not open, and is repaired by a new one', async () => {
      const otherKey = { ...testWebhooks([receiver.host]), key: new Secret('07'.repeat(32)) };
      const second = await webhookFixture(target, { webhooks: otherKey, seed: 60 });
      try {
        const bob = second.connect('bob');
        const lost = await create(['REGISTERED_MODEL.CREATED']);
        const open = await create(['REGISTERED_MODEL.CREATED'], {});
        await newModel(fixture.deps, call, name);
        await second.start();
        await settled(open, 'DELIVERED');
        const failed = await settled(lost, 'FAILED');
        expect(failed.error_message).toContain('does not open');
        const tried = await bob.testWebhook({ id: lost });
        expect(tried).toMatchObject({ success: false, error_message: failed.error_message });
        await bob.updateWebhook({ id: lost, secret: 'new' });
        await bob.redeliverWebhook({ delivery_id: failed.id });
        await settled(lost, 'DELIVERED');
        const [last] = receiver.received.slice(-1);
        expect(last?.headers['x-mlflow-signature']).toBe(last && signatureFor('new', last));
      } finally {
        await second.stop();
      }
    });

    it('sends an example, which is in no log', async () => {
      const id = await create(['MODEL_VERSION.CREATED', 'MODEL_VERSION_ALIAS.DELETED']);
      receiver.answerWith((_, response) => void response.writeHead(200).end('x'.repeat(100_000)));
      const first = await alice.testWebhook({ id });
      expect(first).toMatchObject({ success: true, response_status: 200, response_body: 'x'.repeat(4096) });
      receiver.answerWith((_, response) => void response.writeHead(404).end('who?'));
      const refused = await alice.testWebhook({ id, event: eventNamed('MODEL_VERSION_ALIAS.DELETED') });
      expect(refused).toMatchObject({ success: false, response_status: 404, response_body: 'who?' });
      const bodies = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      expect(bodies).toMatchObject([
        { entity: 'model_version', action: 'created' },
        { entity: 'model_version_alias', action: 'deleted', data: { name: 'example-model', alias: 'champion' } },
      ]);
      const [one] = receiver.received;
      expect(one?.headers['x-mlflow-signature']).toBe(one && signatureFor(SECRET, one));
      expect(await log(id)).toEqual([]);
    });

    it('refuses what is no webhook', async () => {
      const good = { name: 'ci', url: receiver.url, events: [eventNamed('MODEL_VERSION.CREATED')] };
      const bad: [object, string | undefined][] = [
        [{ name: '' }, undefined],
        [{ name: 'a b' }, undefined],
        [{ events: [] }, undefined],
        [{ events: [eventNamed('PROMPT.CREATED')] }, 'WEBHOOK_EVENT_UNKNOWN'],
        [{ events: [eventNamed('MODEL_VERSION.SET')] }, 'WEBHOOK_EVENT_UNKNOWN'],
        [{ url: 'http://example.com/' }, 'WEBHOOK_URL_REFUSED'],
        [{ url: 'https://169.254.169.254/latest' }, 'WEBHOOK_URL_REFUSED'],
      ];
      for (const [change, reason] of bad) {
        const refusal = { kind: 'invalid-argument', ...(reason === undefined ? {} : { reason }) };
        await expect(alice.createWebhook({ ...good, ...change })).rejects.toMatchObject(refusal);
      }
      const id = await create();
      await expect(alice.updateWebhook({ id, url: 'https://[::1]/' })).rejects.toMatchObject({ reason: 'WEBHOOK_URL_REFUSED' }); // prettier-ignore
      for (let at = 1; at < 50; at++) await create();
      await expect(create()).rejects.toMatchObject({ reason: 'WEBHOOKS_MAX' });
    });
  });
}
