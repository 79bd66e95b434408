import { beforeEach, describe, expect, it } from 'vitest';
import { messageType } from '@slipway/contracts';
import { registryService } from '@slipway/contracts/slipway.registry.v1';
import type { CreateModelVersionRequest__Output } from '@slipway/contracts/slipway.registry.v1';
import { implementService, type CallContext, type Handlers } from '@slipway/platform';
import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import { decodeEnvelope, trustedKeyOf, verifyEnvelope } from '@slipway/model-package';
import { callContext } from '../testing/call-context.ts';
import { inMemoryHarness } from '../testing/in-memory-harness.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { callerOf, registryFixture, type RegistryFixture } from '../testing/registry-fixture.ts';
import type { RegistryStoreHarness } from '../testing/registry-store-harness.ts';
import { fileOf, sampleGraph, sha256Of, streamOf, type Contents } from '../testing/sample-package.ts';
import { registryHandlers } from './registry-handlers.ts';

const alice = callContext(callerOf('alice'));
const bob = callContext(callerOf('bob'));
const eve = callContext(callerOf('eve', 'elsewhere'));
const none = { request_id: '' };
const page = { page_size: 0, page_token: '' };
const champion = { model: 'flights', alias: 'champion' };

describe('the registry over its contract', () => {
  let clock: ManualClock;
  let harness: RegistryStoreHarness;
  let deps: RegistryFixture;
  let registry: Handlers<RegistryService>;
  beforeEach(async () => {
    clock = new ManualClock(1_000_000_000_123_456n);
    harness = await inMemoryHarness(clock);
    deps = registryFixture(harness.unitOfWork, clock);
    registry = registryHandlers(deps);
  });

  const createModel = (name = 'flights', context = alice, more: { description?: string; request_id?: string } = {}) =>
    registry.createRegisteredModel({ name, description: '', tags: {}, ...none, ...more }, context);

  function messages(contents: Contents, more: Record<string, unknown> = {}): CreateModelVersionRequest__Output[] {
    const paths = Object.keys(contents);
    const header = {
      model: 'flights',
      description: '',
      tags: {},
      files: paths.map((path) => {
        const { bytes, sha256 } = fileOf(path, contents[path] ?? new Uint8Array());
        return { path, bytes: bytes.toString(), sha256 };
      }),
      graph: paths[0] ?? '',
      features: [],
      run_id: '',
      training_set_id: '',
      preprocessing_json: '',
      postprocessing_json: '',
      ...none,
      ...more,
    };
    const files = paths.flatMap((path): CreateModelVersionRequest__Output[] => [
      { part: 'chunk', chunk: Buffer.from(contents[path] ?? new Uint8Array()) },
      { part: 'file_end', file_end: true },
    ]);
    return [{ part: 'header', header }, ...files];
  }
  const createVersion = async (bias = 1, context: CallContext = alice, more: Record<string, unknown> = {}) => {
    const sent = messages({ 'model.onnx': sampleGraph(bias) }, more);
    const { version } = await registry.createModelVersion(streamOf(sent), context);
    if (!version) throw new Error('an answer without a version');
    return version;
  };
  const open = (model = 'flights') =>
    registry.setAliasPolicy({ model, alias: 'champion', gates: [], approvals_required: 0, ...none }, alice);
  const move = (version: string, context = alice, expected?: string) =>
    registry.moveAlias(
      { ...champion, version, ...none, ...(expected === undefined ? {} : { expected_revision: expected }) },
      context,
    );

  it('implements every method of the contract', () => {
    expect(implementService(registryService, registry).methods).toHaveLength(
      Object.keys(registryService.methods).length,
    );
  });

  it('creates, reads, changes and deletes a model', async () => {
    const { model } = await registry.createRegisteredModel(
      { name: 'flights', description: 'late or not', tags: { team: 'ops' }, ...none },
      alice,
    );
    expect(model).toMatchObject({
      name: 'flights',
      description: 'late or not',
      tags: { team: 'ops' },
      last_version: '0',
      principal: 'alice',
      create_time: { seconds: '1000000000', nanos: 123_456_000 },
    });
    const type = messageType('slipway.registry.v1.RegisteredModel');
    expect(type.verify(type.fromObject(model ?? {}))).toBeNull();
    await expect(createModel()).rejects.toMatchObject({ reason: 'MODEL_ALREADY_EXISTS' });
    clock.advance(1000);
    const edit = { name: 'flights', set_tags: { a: '1' }, remove_tags: ['team', 'absent'], ...none };
    const changed = await registry.updateRegisteredModel(edit, alice);
    expect(changed.model).toMatchObject({ description: 'late or not', tags: { a: '1' } });
    expect(changed.model?.update_time).toMatchObject({ seconds: '1000000001' });
    expect((await registry.updateRegisteredModel(edit, alice)).model).toEqual(changed.model);
    await expect(registry.updateRegisteredModel({ ...edit, remove_tags: ['a'] }, alice)).rejects.toMatchObject({
      kind: 'invalid-argument',
      violations: [{ field: 'remove_tags' }],
    });
    const emptied = await registry.updateRegisteredModel({ ...edit, set_tags: {}, description: '' }, alice);
    expect(emptied.model?.description).toBe('');
    await registry.deleteRegisteredModel({ name: 'flights', with_aliases: false, ...none }, alice);
    await expect(registry.getRegisteredModel({ name: 'flights' }, alice)).rejects.toMatchObject({
      kind: 'not-found',
      reason: 'MODEL_NOT_FOUND',
    });
    // the second update changed nothing, so it is no event
    expect((await harness.facts()).map(({ data }) => data['deleted'])).toEqual([false, false, false, true]);
  });

  it('goes on counting versions, moves and decisions under the name of a deleted model', async () => {
    await createModel();
    await createVersion();
    await open();
    await move('1');
    await expect(
      registry.deleteRegisteredModel({ name: 'flights', with_aliases: false, ...none }, alice),
    ).rejects.toMatchObject({
      reason: 'MODEL_HAS_ALIASES',
      message: expect.stringMatching(/champion/),
    });
    await registry.deleteAlias({ ...champion, ...none }, alice);
    await registry.deleteRegisteredModel({ name: 'flights', with_aliases: false, ...none }, alice);
    const { model } = await createModel();
    expect(model).toMatchObject({ last_version: '1', aliases: [] });
    expect((await registry.listModelVersions({ model: 'flights', ...page, order_by: '' }, alice)).versions).toEqual([]);
    expect((await createVersion()).version).toBe('2');
    const { policy } = await registry.getAliasPolicy(champion, alice);
    expect(policy).toMatchObject({ gates: [], approvals_required: 1, revision: '0' });
    await open();
    expect((await move('2', alice, '0')).alias).toMatchObject({ version: '2', revision: '3' });
  });

  it('answers a repeated create with the first answer', async () => {
    const first = await createModel('flights', alice, { request_id: 'r-1' });
    expect(await createModel('flights', alice, { request_id: 'r-1' })).toEqual(first);
    await expect(createModel('trains', alice, { request_id: 'r-1' })).rejects.toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
    const version = await createVersion(1, alice, { request_id: 'r-2', description: 'first' });
    await registry.updateModelVersion(
      { model: 'flights', version: '1', description: 'second', set_tags: {}, remove_tags: [], ...none },
      alice,
    );
    const writes: string[] = [];
    const write = deps.artifacts.write;
    deps.artifacts.write = (path, ...rest) => {
      writes.push(path);
      return write(path, ...rest);
    };
    expect(await createVersion(1, alice, { request_id: 'r-2', description: 'first' })).toEqual(version);
    await expect(createVersion(2, alice, { request_id: 'r-2' })).rejects.toMatchObject({ reason: 'REQUEST_ID_REUSED' });
    expect(writes).toEqual([]);
  });

  it('signs what was uploaded and sends it back', async () => {
    await createModel();
    const contents = { 'model.onnx': sampleGraph(), 'data/w.bin': Buffer.alloc(700_000, 'weights') };
    const more = {
      features: ['delays:mean_1h'],
      run_id: 'run-7',
      training_set_id: 'set-1',
      preprocessing_json: '{"b":1,"a":[2]}',
    };
    const { version } = await registry.createModelVersion(streamOf(messages(contents, more)), alice);
    expect(version).toMatchObject({
      version: '1',
      graph: 'model.onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '2'] }],
      features: ['delays:mean_1h'],
      run_id: 'run-7',
      principal: 'alice',
      signing_key_id: deps.signingKey.keyId,
    });
    const parts = registry.downloadModelVersion({ model: 'flights', version: '1', selector: 'version' }, bob);
    const received: Record<string, Buffer[]> = {};
    let envelope = '';
    let path = '';
    for await (const part of parts) {
      if (part.envelope_json !== undefined) envelope = part.envelope_json;
      if (part.file) received[(path = part.file.path ?? '')] = [];
      if (part.chunk === undefined) continue;
      expect(part.chunk.length).toBeLessThanOrEqual(256 * 1024);
      received[path]?.push(Buffer.from(part.chunk as Uint8Array));
    }
    const trusted = [trustedKeyOf(deps.signingKey)];
    const { manifest, digest } = verifyEnvelope(decodeEnvelope(Buffer.from(envelope)), trusted);
    expect(digest).toBe(version?.digest);
    expect(manifest).toMatchObject({ workspace: 'default', model: 'flights', version: 1, runId: 'run-7' });
    expect(Object.keys(received)).toEqual(manifest.files.map((file) => file.path));
    for (const file of manifest.files) expect(sha256Of(Buffer.concat(received[file.path] ?? []))).toBe(file.sha256);
  });

  it('does not complete the download of a file that is not what was signed', async () => {
    await createModel();
    await createVersion();
    const [path, entry] = [...deps.artifacts.entries][0] ?? [];
    if (!path || !entry) throw new Error('nothing was stored');
    let received = 0;
    const download = async (): Promise<number> => {
      const request = { model: 'flights', version: '1', selector: 'version' } as const;
      for await (const { chunk } of registry.downloadModelVersion(request, bob)) received += chunk?.length ?? 0;
      return received;
    };
    const lost = { kind: 'data-loss', reason: 'PACKAGE_FILE_LOST', facts: { file: 'model.onnx' } };
    expect(await download()).toBe(entry.content.length);
    const broken = Buffer.from(entry.content);
    broken[5] = (broken[5] ?? 0) ^ 1;
    for (const content of [broken, entry.content.subarray(1), Buffer.concat([entry.content, Buffer.of(1)])]) {
      deps.artifacts.entries.set(path, { ...entry, content });
      received = 0;
      await expect(download()).rejects.toMatchObject(lost);
      expect(received).toBeLessThan(entry.content.length);
    }
    deps.artifacts.entries.delete(path);
    await expect(download()).rejects.toMatchObject(lost);
  });

  it('names what is not there, the same for what is in another workspace', async () => {
    await createModel();
    await createVersion();
    await open();
    await move('1');
    const cases: [string, (context: CallContext) => Promise<unknown>][] = [
      ['MODEL_NOT_FOUND', (context) => registry.getRegisteredModel({ name: 'trains' }, context)],
      ['MODEL_NOT_FOUND', (context) => registry.getModelVersion({ model: 'trains', version: '1', selector: 'version' }, context)],
      ['MODEL_NOT_FOUND', (context) => registry.getModelVersion({ model: 'trains', alias: 'x', selector: 'alias' }, context)],
      ['MODEL_VERSION_NOT_FOUND', (context) => registry.getModelVersion({ model: 'flights', version: '9223372036854775807', selector: 'version' }, context)],
      ['MODEL_ALIAS_NOT_FOUND', (context) => registry.getModelVersion({ model: 'flights', alias: 'x', selector: 'alias' }, context)],
      ['MODEL_VERSION_NOT_FOUND', (context) => move('7', context)],
      ['MODEL_ALIAS_NOT_FOUND', (context) => registry.rollBackAlias({ model: 'flights', alias: 'x', ...none }, context)],
      ['MODEL_ALIAS_NOT_FOUND', (context) => registry.deleteAlias({ model: 'flights', alias: 'x', ...none }, context)],
      ['MODEL_ALIAS_NOT_FOUND', (context) => registry.listAliasMoves({ model: 'flights', alias: 'x', ...page }, context)],
    ]; // prettier-ignore
    for (const [reason, call] of cases) {
      await expect(call(alice)).rejects.toMatchObject({ kind: 'not-found', reason });
      await expect(call(eve)).rejects.toMatchObject({ kind: 'not-found', reason: 'MODEL_NOT_FOUND' });
    }
    const calls: ((context: CallContext) => Promise<unknown>)[] = [
      (context) => registry.getRegisteredModel({ name: 'flights' }, context),
      (context) => registry.getModelVersion({ ...champion, selector: 'alias' }, context),
      (context) => registry.deleteRegisteredModel({ name: 'flights', with_aliases: false, ...none }, context),
      (context) =>
        registry.deleteModelVersion({ model: 'flights', version: '1', with_aliases: false, ...none }, context),
      (context) => registry.listModelVersions({ model: 'flights', ...page, order_by: '' }, context),
      (context) => registry.listEvaluations({ model: 'flights', version: '1', ...page }, context),
      (context) => registry.listApprovals({ model: 'flights', version: '1', ...page }, context),
      (context) => registry.listAliases({ model: 'flights', all_workspaces: false, ...page }, context),
      (context) => registry.getAliasPolicy(champion, context),
      (context) => registry.checkAliasMove({ ...champion, version: '1' }, context),
      (context) => registry.approveModelVersion({ ...champion, version: '1', comment: '', ...none }, context),
      (context) => move('1', context),
      (context) => createVersion(1, context),
    ];
    for (const call of calls) {
      await expect(call(eve)).rejects.toMatchObject({ kind: 'not-found', reason: 'MODEL_NOT_FOUND' });
    }
    await expect(registry.getModelVersion({ model: 'flights' }, alice)).rejects.toMatchObject({
      violations: [{ field: 'selector' }],
    });
  });

  it('moves an alias when gates and approvals allow it, and says why not', async () => {
    await createModel();
    await createVersion();
    const gates = [{ gate: 'metric', parameters: { metric: 'auc', dataset: 'april', at_least: '0.65' } }];
    await registry.setAliasPolicy({ ...champion, gates, approvals_required: 1, ...none }, alice);
    const evaluate = (auc: number) =>
      registry.recordEvaluation(
        { model: 'flights', version: '1', dataset: 'april', dataset_sha256: '', rows: '9', metrics: { auc }, ...none },
        alice,
      );
    await expect(move('1')).rejects.toMatchObject({
      kind: 'failed-precondition',
      reason: 'ALIAS_MOVE_REFUSED',
      message: expect.stringMatching(/gate metric refused: version 1 has no evaluation of auc on 'april'/),
    });
    await evaluate(0.7);
    await evaluate(0.61);
    const refused =
      "gate metric refused: auc 0.61 on 'april' is below at_least 0.65; approvals: 0 of 1, ask another principal than 'alice'";
    await expect(move('1')).rejects.toMatchObject({
      message: `alias 'champion' of model 'flights' cannot move to version 1: ${refused}`,
      facts: { gate_metric: expect.stringMatching(/below at_least/), approvals: expect.stringMatching(/0 of 1/) },
    });
    await evaluate(0.66);
    const decision = { ...champion, version: '1', comment: 'fine', ...none };
    await expect(registry.approveModelVersion(decision, alice)).rejects.toMatchObject({
      kind: 'denied',
      reason: 'SELF_APPROVAL',
    });
    const { approval } = await registry.approveModelVersion(decision, bob);
    expect(approval).toMatchObject({ decision: 'APPROVAL_DECISION_APPROVED', principal: 'bob', comment: 'fine' });
    expect(await registry.checkAliasMove({ ...champion, version: '1' }, alice)).toMatchObject({ passed: true });
    await registry.rejectModelVersion(decision, alice);
    const check = await registry.checkAliasMove({ ...champion, version: '1' }, alice);
    expect(check.passed).toBe(false);
    expect(check.checks).toMatchObject([
      { check: 'metric', passed: true },
      { check: 'approvals', passed: false },
    ]);
    await registry.approveModelVersion(decision, bob);
    const { alias } = await move('1');
    expect(alias).toMatchObject({ version: '1', revision: '1', principal: 'alice', workspace: 'default' });
    expect((await registry.getModelVersion({ ...champion, selector: 'alias' }, bob)).version).toMatchObject({
      version: '1',
      aliases: ['champion'],
    });
    const { approvals } = await registry.listApprovals({ model: 'flights', version: '1', ...page }, alice);
    expect(approvals?.map((each) => each.decision)).toEqual([
      'APPROVAL_DECISION_APPROVED',
      'APPROVAL_DECISION_REJECTED',
      'APPROVAL_DECISION_APPROVED',
    ]);
    const types = (await harness.facts()).map(({ type }) => type.split('.').slice(2, 4).join('.'));
    expect(types).toEqual(['model.changed', 'version.created', 'approval.granted', 'approval.rejected', 'approval.granted', 'alias.moved']); // prettier-ignore
  });

  it('rolls back to what the alias named before, without asking a gate', async () => {
    await createModel();
    await createVersion(1);
    await createVersion(2);
    await open();
    await move('1');
    const rollBack = { ...champion, ...none };
    await expect(registry.rollBackAlias(rollBack, alice)).rejects.toMatchObject({
      reason: 'ALIAS_ROLLBACK_IMPOSSIBLE',
    });
    await move('2', bob, '1');
    await registry.setAliasPolicy({ ...champion, gates: [], approvals_required: 5, ...none }, alice);
    const { alias } = await registry.rollBackAlias({ ...rollBack, expected_revision: '2' }, bob);
    expect(alias).toMatchObject({ version: '1', revision: '3', principal: 'bob' });
    await expect(registry.rollBackAlias({ ...rollBack, expected_revision: '2' }, bob)).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'ALIAS_REVISION_MISMATCH',
      facts: { expected: '2', actual: '3' },
    });
    const { moves } = await registry.listAliasMoves({ ...champion, ...page }, alice);
    expect(
      moves?.map(({ version, previous_version, rolled_back }) => [version, previous_version, rolled_back]),
    ).toEqual([
      ['1', '2', true],
      ['2', '1', false],
      ['1', '0', false],
    ]);
    await registry.deleteModelVersion({ model: 'flights', version: '2', with_aliases: false, ...none }, alice);
    await expect(registry.rollBackAlias(rollBack, alice)).rejects.toMatchObject({
      reason: 'ALIAS_ROLLBACK_IMPOSSIBLE',
      message: expect.stringMatching(/version 2, which it named before, is deleted/),
    });
    await expect(
      registry.deleteModelVersion({ model: 'flights', version: '1', with_aliases: false, ...none }, alice),
    ).rejects.toMatchObject({ reason: 'MODEL_VERSION_IN_USE', facts: { aliases: 'champion' } });
    expect((await harness.audit()).map(({ action }) => action)).toContain('registry.aliases.roll_back');
  });

  it('answers a repeated move with the first answer, also when the alias has moved on', async () => {
    await createModel();
    await createVersion(1);
    await createVersion(2);
    await open();
    const request = { ...champion, version: '1', request_id: 'move-1' };
    const first = await registry.moveAlias(request, alice);
    await move('2');
    expect(await registry.moveAlias(request, alice)).toEqual(first);
    expect((await registry.getModelVersion({ ...champion, selector: 'alias' }, alice)).version?.version).toBe('2');
  });

  it('refuses a move when a gate of the policy is not installed any more', async () => {
    await createModel();
    await createVersion();
    const gates = [{ gate: 'metric', parameters: { metric: 'auc', dataset: 'april', at_least: '0.65' } }];
    await registry.setAliasPolicy({ ...champion, gates, approvals_required: 0, ...none }, alice);
    registry = registryHandlers({ ...deps, gates: new Map() });
    await expect(move('1')).rejects.toMatchObject({
      reason: 'ALIAS_MOVE_REFUSED',
      message: expect.stringMatching(/is not installed/),
    });
  });

  it('leaves an alias that is moved to where it is untouched', async () => {
    await createModel();
    await createVersion();
    await open();
    const { alias } = await move('1');
    const facts = await harness.facts();
    clock.advance(1000);
    expect((await move('1', bob)).alias).toEqual(alias);
    expect(await harness.facts()).toEqual(facts);
    await expect(move('1', alice, '0')).rejects.toMatchObject({ reason: 'ALIAS_REVISION_MISMATCH' });
  });

  it('pages through models with their aliases, by name and by time of creation', async () => {
    for (const name of ['b', 'c', 'a']) {
      await createModel(name);
      clock.advance(1);
    }
    const list = async (order_by: string) => {
      const names: string[] = [];
      let page_token = '';
      do {
        const answer = await registry.listRegisteredModels({ page_size: 2, page_token, order_by }, alice);
        names.push(...(answer.models ?? []).map(({ name = '' }) => name));
        page_token = answer.next_page_token ?? '';
      } while (page_token !== '');
      return names.join('');
    };
    expect(await list('')).toBe('abc');
    expect(await list('name desc')).toBe('cba');
    expect(await list('create_time')).toBe('bca');
    expect(await list('create_time desc')).toBe('acb');
    for (const order of ['size', 'name asc', 'name  desc', 'name desc x', 'NAME']) {
      await expect(list(order)).rejects.toMatchObject({
        reason: 'ORDER_BY_INVALID',
        violations: [{ field: 'order_by' }],
      });
    }
  });

  it('shows the aliases of all workspaces to those who belong to all', async () => {
    for (const context of [alice, eve]) {
      await createModel('flights', context);
      await createVersion(1, context);
      await registry.setAliasPolicy({ ...champion, gates: [], approvals_required: 0, ...none }, context);
      await move('1', context);
    }
    const query = { model: '', all_workspaces: true, ...page };
    await expect(registry.listAliases(query, alice)).rejects.toMatchObject({
      kind: 'denied',
      reason: 'ALL_WORKSPACES_DENIED',
    });
    const service = callContext(callerOf('serving', 'default', true));
    const { aliases } = await registry.listAliases(query, service);
    expect(aliases?.map(({ workspace }) => workspace)).toEqual(['default', 'elsewhere']);
    expect((await registry.listAliases({ ...query, all_workspaces: false }, service)).aliases).toHaveLength(1);
  });

  it('checks gates when a policy is set and counts its changes', async () => {
    await createModel();
    const set = (gates: { gate: string; parameters: Record<string, string> }[]) =>
      registry.setAliasPolicy({ ...champion, gates, approvals_required: 0, ...none }, alice);
    await expect(set([{ gate: 'nonsense', parameters: {} }])).rejects.toMatchObject({
      reason: 'GATE_UNKNOWN',
      message: expect.stringMatching(/gates\[0\]\.gate: 'nonsense' is not installed here; known gates are metric/),
    });
    await expect(set([{ gate: 'metric', parameters: { metric: 'auc', at_leest: '1' } }])).rejects.toMatchObject({
      reason: 'GATE_PARAMETERS_INVALID',
      violations: [
        { field: 'gates[0].parameters.at_leest' },
        { field: 'gates[0].parameters.dataset' },
        { field: 'gates[0].parameters.at_least' },
      ],
    });
    expect((await set([])).policy?.revision).toBe('1');
    const gates = [{ gate: 'metric', parameters: { metric: 'auc', dataset: 'x', at_most: '1' } }];
    expect((await set(gates)).policy?.revision).toBe('2');
    expect((await registry.getAliasPolicy(champion, bob)).policy).toMatchObject({ gates, revision: '2' });
  });

  it('refuses metrics that are not numbers and tags that are too many', async () => {
    await createModel();
    await createVersion();
    const evaluation = { model: 'flights', version: '1', dataset: 'd', dataset_sha256: '', rows: '0', ...none };
    const wrong: Record<string, number>[] = [{}, { auc: Number.NaN }, { '': 1 }];
    for (const metrics of wrong) {
      await expect(registry.recordEvaluation({ ...evaluation, metrics }, alice)).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
    }
    const { evaluation: stored } = await registry.recordEvaluation(
      { ...evaluation, rows: '9223372036854775807', metrics: { auc: 0.1 + 0.2 } },
      alice,
    );
    expect(stored).toMatchObject({ rows: '9223372036854775807', metrics: { auc: 0.1 + 0.2 } });
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, '']));
    const edit = { name: 'flights', remove_tags: [], ...none };
    await registry.updateRegisteredModel({ ...edit, set_tags: many }, alice);
    await expect(registry.updateRegisteredModel({ ...edit, set_tags: { more: '' } }, alice)).rejects.toMatchObject({
      message: expect.stringMatching(/101 tags/),
    });
    await registry.updateRegisteredModel({ ...edit, set_tags: { more: '' }, remove_tags: ['k0'] }, alice);
  });
});
