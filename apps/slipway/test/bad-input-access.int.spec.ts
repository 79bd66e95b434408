import { createHmac } from 'node:crypto';
import { ROLES } from '@slipway/platform';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodMessage } from './bad-input/rule-breakers.ts';
import {
  encode,
  HOLDERS,
  INFERENCE,
  REGISTRY,
  SlipwayUnderTest,
  type Answer,
  type Fields,
  type Holder,
} from './bad-input/slipway-under-test.ts';
import { frame } from './bad-input/wire-client.ts';

let slipway: SlipwayUnderTest;
beforeAll(async () => {
  slipway = await SlipwayUnderTest.start();
});
afterAll(async () => {
  await slipway.stop();
});

/** Reachable without credentials, on purpose: probes and clients that look for a server. */
const PUBLIC = ['ServerLive', 'ServerReady', 'ServerMetadata'].map((name) => INFERENCE + name);
const REFUSED_WITHOUT_TOKEN = 'the credentials are missing or not valid; send a token as authorization: Bearer <token>';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
function jsonWebToken(algorithm: string, sign: (text: string) => string): string {
  const claims = { sub: 'root', principal: 'root', roles: ['admin'], workspaces: ['*'], exp: 4_102_444_800 };
  const text = `${base64url(JSON.stringify({ alg: algorithm, typ: 'JWT' }))}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${sign(text)}`;
}
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Headers that must let nobody in. */
function forged(): [string, Record<string, string>][] {
  const good = slipway.token('root');
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  return [
    ['nothing', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a wrong token', bearer(`${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`)],
    ['half of a token', bearer(good.slice(0, 20))],
    ['a token and more', bearer(`${good}x`)],
    ['a token twice', bearer(`${good} ${good}`)],
    ['a token in capitals', bearer(good.toUpperCase())],
    ['the hash of a token', bearer(Buffer.from(good).toString('hex'))],
    ['an expired token', bearer(slipway.token('past'))],
    ['alg none', bearer(jsonWebToken('none', () => ''))],
    [
      'HS256 with an empty key',
      bearer(jsonWebToken('HS256', (text) => createHmac('sha256', '').update(text).digest('base64url'))),
    ],
    [
      'HS256 with a token as key',
      bearer(jsonWebToken('HS256', (text) => createHmac('sha256', good).update(text).digest('base64url'))),
    ],
    ['a bare token', { authorization: good }],
    ['another scheme', { authorization: `Digest ${good}` }],
    ['Basic that is no base64', { authorization: 'Basic %%%' }],
    ['Basic without a colon', { authorization: `Basic ${Buffer.from(good).toString('base64')}` }],
    ['Basic with a wrong password', { authorization: basic('root', 'wrong') }],
    ['Basic of somebody else', { authorization: basic('alice', good) }],
    ['Basic with nothing', { authorization: basic('', '') }],
    [
      'a token in metadata of others',
      { 'x-authorization': `Bearer ${good}`, token: good, access_token: good, cookie: `token=${good}` },
    ],
    ['a token in the query', { 'x-original-uri': `/?access_token=${good}` }],
    ['names of principals', { 'x-forwarded-user': 'root', 'x-principal': 'root', 'slipway-principal': 'root' }],
    ['9 000 characters', bearer('x'.repeat(9_000))],
    ['SQL', bearer("'OR'1'='1")],
    ['__proto__', bearer('__proto__')],
  ];
}

/** The answer without what differs from call to call. */
const plain = ({ code, message, reason, domain, fields, facts }: Answer): object => ({
  code,
  message,
  reason,
  domain,
  fields,
  facts,
});

describe('who calls', () => {
  it('refuses every forged credential at every method in the same words', { timeout: 60_000 }, async () => {
    let cases = 0;
    for (const method of slipway.methods.filter(({ path }) => !PUBLIC.includes(path))) {
      const body = [frame(encode(method.request, goodMessage(method.request)))];
      for (const [name, headers] of forged()) {
        const answer = await slipway.answer(method.path, { body, headers });
        cases += 1;
        expect([method.path, name, answer.code, answer.message]).toEqual([
          method.path,
          name,
          'UNAUTHENTICATED',
          REFUSED_WITHOUT_TOKEN,
        ]);
        expect(answer.requestId).toBeTruthy();
        expect([name, slipway.leakIn(answer.wire)]).toEqual([name, undefined]);
      }
    }
    console.info(`forged credentials: ${cases} calls refused`);
    await slipway.assertAlive('grpc');
  });

  it('asks nobody for credentials at the public methods, and says which these are', async () => {
    expect(slipway.methods.filter(({ permission }) => permission === 'public').map(({ path }) => path)).toEqual(PUBLIC);
    for (const path of PUBLIC) {
      const answer = await slipway.answer(path, {
        body: [frame(Buffer.alloc(0))],
        headers: { authorization: 'Bearer wrong' },
      });
      expect([path, answer.code]).toEqual([path, 'OK']);
    }
  });

  it('takes a token as Basic, too', async () => {
    const { request } = slipway.method(`${REGISTRY}GetRegisteredModel`);
    const body = [frame(encode(request, { name: 'flights' }))];
    const token = slipway.token('alice');
    for (const authorization of [
      basic('alice', token),
      basic('token', token),
      basic(token, ''),
      basic('', token),
      `bearer ${token}`,
    ]) {
      const { code } = await slipway.answer(`${REGISTRY}GetRegisteredModel`, { body, headers: { authorization } });
      expect(code).toBe('OK');
    }
  });

  it('looks at the request only after the credentials', async () => {
    const answer = await slipway.answer(`${REGISTRY}CreateRegisteredModel`, {
      body: [frame(Buffer.from([0xff, 0xff]))],
    });
    expect(answer.code).toBe('UNAUTHENTICATED');
  });
});

describe('what they may', () => {
  /** The rule of roles.ts, said once more: a grant is a permission, `domain.*` or `*`. */
  const grants = (roles: readonly string[], permission: string): boolean =>
    roles
      .flatMap((role) => ROLES[role] ?? [])
      .some(
        (grant) =>
          grant === '*' || grant === permission || (grant.endsWith('.*') && permission.startsWith(grant.slice(0, -1))),
      );

  it('allows and denies every method to every role as the table says', { timeout: 60_000 }, async () => {
    let [allowed, denied] = [0, 0];
    for (const method of slipway.methods.filter(({ permission }) => permission !== 'public')) {
      // nothing may change: a request without its required fields is refused after the permission and before the use case
      const body = [frame(Buffer.alloc(0))];
      for (const [name, { roles }] of Object.entries(HOLDERS)) {
        if (name === 'past') continue;
        const { code, wire } = await slipway.answer(method.path, { body, token: slipway.token(name as Holder) });
        const isAllowed = grants(roles, method.permission);
        if (isAllowed) allowed += 1;
        else denied += 1;
        expect([method.path, name, code === 'PERMISSION_DENIED']).toEqual([method.path, name, !isAllowed]);
        expect(slipway.leakIn(wire)).toBeUndefined();
      }
    }
    console.info(`permission table: ${allowed} calls allowed, ${denied} denied`);
    expect(denied).toBeGreaterThan(100);
  });

  it('denies workspaces in the same words whether they exist or not', async () => {
    const message = { name: 'secrets' };
    const [real, none] = [
      await slipway.call(`${REGISTRY}GetRegisteredModel`, message, 'alice', { 'slipway-workspace': 'other' }),
      await slipway.call(`${REGISTRY}GetRegisteredModel`, message, 'alice', { 'slipway-workspace': 'ghost' }),
    ];
    expect(real.code).toBe('PERMISSION_DENIED');
    expect(real.message.replaceAll('other', 'X')).toBe(none.message.replaceAll('ghost', 'X'));
  });

  it('denies all_workspaces, self-approval and approval by a viewer', async () => {
    const at = { model: 'flights', version: 2, alias: 'champion' };
    expect(await slipway.call(`${REGISTRY}ListAliases`, { all_workspaces: true }, 'alice')).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'ALL_WORKSPACES_DENIED',
    });
    expect((await slipway.call(`${REGISTRY}ApproveModelVersion`, at, 'vic')).code).toBe('PERMISSION_DENIED');
    expect((await slipway.call(`${REGISTRY}ApproveModelVersion`, at, 'alice')).code).toBe('PERMISSION_DENIED');
    const own = await slipway.call(
      `${REGISTRY}ApproveModelVersion`,
      { model: 'secrets', version: 1, alias: 'champion' },
      'carol',
    );
    expect(own).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'SELF_APPROVAL' });
    // the header does not make anybody somebody else
    const forgedCaller = await slipway.call(
      `${REGISTRY}ApproveModelVersion`,
      { model: 'secrets', version: 1, alias: 'champion' },
      'carol',
      { 'x-forwarded-user': 'bob' },
    );
    expect(forgedCaller.reason).toBe('SELF_APPROVAL');
  });
});

describe('what they may not know', () => {
  /** Each question about a thing of the other workspace, and the same about one that does not exist, under a name of the same length. */
  const questions: [string, Fields, Fields, Holder][] = [
    ...['GetRegisteredModel', 'UpdateRegisteredModel', 'DeleteRegisteredModel'].map(
      (name): [string, Fields, Fields, Holder] => [REGISTRY + name, { name: 'secrets' }, { name: 'missing' }, 'alice'],
    ),
    ...[
      'GetModelVersion',
      'DownloadModelVersion',
      'UpdateModelVersion',
      'DeleteModelVersion',
      'ListEvaluations',
      'ListApprovals',
    ].map((name): [string, Fields, Fields, Holder] => [
      REGISTRY + name,
      { model: 'secrets', version: 1 },
      { model: 'missing', version: 1 },
      'alice',
    ]),
    ...['ListModelVersions', 'ListAliases'].map((name): [string, Fields, Fields, Holder] => [
      REGISTRY + name,
      { model: 'secrets' },
      { model: 'missing' },
      'alice',
    ]),
    ...['MoveAlias', 'CheckAliasMove'].map((name): [string, Fields, Fields, Holder] => [
      REGISTRY + name,
      { model: 'secrets', version: 1, alias: 'champion' },
      { model: 'missing', version: 1, alias: 'champion' },
      'alice',
    ]),
    ...['RollBackAlias', 'DeleteAlias', 'ListAliasMoves', 'GetAliasPolicy'].map(
      (name): [string, Fields, Fields, Holder] => [
        REGISTRY + name,
        { model: 'secrets', alias: 'champion' },
        { model: 'missing', alias: 'champion' },
        'alice',
      ],
    ),
    ...['ApproveModelVersion', 'RejectModelVersion'].map((name): [string, Fields, Fields, Holder] => [
      REGISTRY + name,
      { model: 'secrets', version: 1, alias: 'champion' },
      { model: 'missing', version: 1, alias: 'champion' },
      'bob',
    ]),
    [
      `${REGISTRY}SetAliasPolicy`,
      { model: 'secrets', alias: 'champion' },
      { model: 'missing', alias: 'champion' },
      'bob',
    ],
    [
      `${REGISTRY}RecordEvaluation`,
      { model: 'secrets', version: 1, dataset: 'd', metrics: { a: 1 } },
      { model: 'missing', version: 1, dataset: 'd', metrics: { a: 1 } },
      'alice',
    ],
    [`${INFERENCE}ModelReady`, { name: 'secrets' }, { name: 'missing' }, 'alice'],
    [`${INFERENCE}ModelMetadata`, { name: 'secrets' }, { name: 'missing' }, 'alice'],
    [`${INFERENCE}ModelInfer`, { model_name: 'secrets' }, { model_name: 'missing' }, 'alice'],
  ];

  beforeAll(async () => {
    // the hidden model is served, too: its workspace has another approver only through the administrator
    const at = { model: 'secrets', version: 1, alias: 'champion' };
    const header = { 'slipway-workspace': 'other' };
    await slipway.expectOk(
      slipway.call(
        `${REGISTRY}SetAliasPolicy`,
        { model: 'secrets', alias: 'champion', approvals_required: 0 },
        'carol',
        header,
      ),
    );
    await slipway.expectOk(slipway.call(`${REGISTRY}MoveAlias`, at, 'carol', header));
  });

  it.each(questions)(
    '%s: a model of another workspace is as absent as one that never was',
    async (path, foreign, absent, holder) => {
      const [there, nowhere] = [await slipway.call(path, foreign, holder), await slipway.call(path, absent, holder)];
      const neutral = (answer: Answer): string =>
        JSON.stringify(plain(answer)).replaceAll(/secrets|missing/g, 'THE-MODEL');
      expect(neutral(there)).toBe(neutral(nowhere));
      expect(['NOT_FOUND', 'OK']).toContain(there.code);
      expect(there.code === 'OK' ? JSON.stringify(there.messages).replaceAll('secrets', 'missing') : '').toBe(
        nowhere.code === 'OK' ? JSON.stringify(nowhere.messages) : '',
      );
    },
  );

  it('lists nothing of another workspace', async () => {
    const models = await slipway.call(`${REGISTRY}ListRegisteredModels`, {}, 'alice');
    const aliases = await slipway.call(`${REGISTRY}ListAliases`, {}, 'alice');
    expect(JSON.stringify([models.messages, aliases.messages])).not.toContain('secrets');
    expect(JSON.stringify((await slipway.call(`${REGISTRY}ListRegisteredModels`, {}, 'carol')).messages)).toContain(
      'secrets',
    );
  });

  it('keeps operations and audit records of another workspace to itself', async () => {
    const verify = '/slipway.audit.v1.AuditService/VerifyAudit';
    const begun = await slipway.expectOk(slipway.call(verify, { service: 'registry' }, 'carol'));
    const { id } = begun.first['operation'] as { id: string };
    for (const name of ['GetOperation', 'WatchOperation', 'CancelOperation']) {
      const path = `/slipway.common.v1.OperationService/${name}`;
      const absent = `${id.slice(0, -4)}0000`;
      const [there, nowhere] = [
        await slipway.call(path, { id }, 'alice'),
        await slipway.call(path, { id: absent }, 'alice'),
      ];
      expect(there.code).toBe('NOT_FOUND');
      expect(JSON.stringify(plain(there)).replaceAll(id, 'ID')).toBe(
        JSON.stringify(plain(nowhere)).replaceAll(absent, 'ID'),
      );
      expect((await slipway.call(path, { id }, 'carol')).code).toBe('OK');
    }
    const records = await slipway.call(
      '/slipway.audit.v1.AuditService/ListAuditRecords',
      { service: 'registry' },
      'aud',
    );
    expect(records.code).toBe('OK');
    expect(JSON.stringify(records.messages)).not.toContain('secrets');
  });
});

describe('pages and repeats', () => {
  const list = `${REGISTRY}ListModelVersions`;

  it('refuses page tokens of another query, another workspace and of nobody', async () => {
    const first = await slipway.expectOk(slipway.call(list, { model: 'flights', page_size: 1 }, 'alice'));
    const token = String(first.messages[0]?.['next_page_token']);
    expect(token).not.toBe('');
    expect((await slipway.call(list, { model: 'flights', page_size: 1, page_token: token }, 'alice')).code).toBe('OK');
    const wrong: [string, Fields, Holder][] = [
      [list, { model: 'flights', order_by: 'version desc', page_token: token }, 'alice'],
      [`${REGISTRY}ListRegisteredModels`, { page_token: token }, 'alice'],
      [`${REGISTRY}ListAliasMoves`, { model: 'flights', alias: 'champion', page_token: token }, 'alice'],
      [list, { model: 'secrets', page_token: token }, 'carol'],
    ];
    const own = Buffer.from(token, 'base64url').toString();
    const tampered = [
      own.replace(']', ',1]'),
      own.replace(/"[^"]*"/, '"x"'),
      '[]',
      '{}',
      'null',
      '[{"__proto__":1}]',
      own.slice(0, -3),
      own.replace(/,.*/, ",\"1' OR '1'='1\"]"),
      own.replace(/,.*/, ',"\0"]'),
    ];
    const garbage = [
      'x',
      '%%%',
      '../../etc/passwd',
      'é',
      '-1',
      '0',
      '____',
      ...tampered.map((text) => Buffer.from(text).toString('base64url')),
    ];
    for (const page_token of garbage) wrong.push([list, { model: 'flights', page_token }, 'alice']);
    for (const [path, message, holder] of wrong) {
      const answer = await slipway.call(path, message, holder);
      expect([message['page_token'], answer.code, answer.fields]).toEqual([
        message['page_token'],
        'INVALID_ARGUMENT',
        ['page_token'],
      ]);
      expect(answer.reason).toMatch(/^PAGE_TOKEN_/);
      expect(slipway.leakIn(answer.wire)).toBeUndefined();
    }
  });

  it('refuses orders it does not have', async () => {
    for (const order_by of [
      'nope',
      'version asc; drop table model',
      'version desc desc',
      '1',
      '__proto__',
      'version,version',
      'VERSION',
    ]) {
      const answer = await slipway.call(list, { model: 'flights', order_by }, 'alice');
      expect([order_by, answer.code, answer.fields, answer.reason]).toEqual([
        order_by,
        'INVALID_ARGUMENT',
        ['order_by'],
        'ORDER_BY_INVALID',
      ]);
    }
  });

  it('answers a repeat with the first answer and refuses another body under the same id', async () => {
    const create = `${REGISTRY}CreateRegisteredModel`;
    const request = { name: 'repeated', description: 'one', request_id: 'req-1' };
    const first = await slipway.expectOk(slipway.call(create, request, 'alice'));
    expect((await slipway.expectOk(slipway.call(create, request, 'alice'))).messages).toEqual(first.messages);
    for (const other of [
      { ...request, description: 'two' },
      { ...request, name: 'repeated-2' },
    ]) {
      expect(await slipway.call(create, other, 'alice')).toMatchObject({
        code: 'INVALID_ARGUMENT',
        reason: 'REQUEST_ID_REUSED',
        fields: ['request_id'],
      });
    }
    // the id of one workspace means nothing in another
    expect((await slipway.call(create, request, 'carol')).code).toBe('OK');
  });

  it('refuses alias moves to what is not there and on another revision', async () => {
    const move = `${REGISTRY}MoveAlias`;
    const at = { model: 'flights', alias: 'champion' };
    expect(await slipway.call(move, { ...at, version: 99 }, 'alice')).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'MODEL_VERSION_NOT_FOUND',
    });
    expect(await slipway.call(move, { ...at, version: '9223372036854775807' }, 'alice')).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await slipway.call(move, { ...at, version: '9007199254740993' }, 'alice')).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('9007199254740993') as string,
    });
    expect(await slipway.call(move, { ...at, version: 2 }, 'alice')).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'ALIAS_MOVE_REFUSED',
    });
    for (const expected_revision of ['0', '7', '9223372036854775807']) {
      expect(await slipway.call(move, { ...at, version: 1, expected_revision }, 'alice')).toMatchObject({
        code: 'ABORTED',
        reason: 'ALIAS_REVISION_MISMATCH',
      });
    }
    expect((await slipway.call(move, { ...at, version: 1, expected_revision: 1 }, 'alice')).code).toBe('OK');
  });
});
