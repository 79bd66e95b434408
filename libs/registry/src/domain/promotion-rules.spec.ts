import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import { inMemoryHarness } from '../testing/in-memory-harness.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { callBy, newModel, newVersion, registryFixture, type RegistryFixture } from '../testing/registry-fixture.ts';
import type { RegistryStoreHarness } from '../testing/registry-store-harness.ts';
import { approveModelVersion, rejectModelVersion } from './use-cases/decide-on-version.ts';
import { deleteAlias } from './use-cases/delete-alias.ts';
import { moveAlias } from './use-cases/move-alias.ts';
import { rollBackAlias } from './use-cases/roll-back-alias.ts';
import { setAliasPolicy } from './use-cases/set-alias-policy.ts';

const VERSIONS = 3;
const CREATORS = ['alice', 'bob', 'carol'];
const PEOPLE = [...CREATORS, 'dave'];
const name = { model: 'flights', alias: 'champion' };

/** What the rules say, in a few lines. */
class Model {
  version = 0;
  previous = 0;
  revision = 0;
  required = 1;
  readonly approvers: Set<string>[] = CREATORS.map(() => new Set<string>());

  move(to: number, expected: number | undefined): string {
    if (expected !== undefined && expected !== (this.version ? this.revision : 0)) return 'ALIAS_REVISION_MISMATCH';
    if (to === this.version) return 'unchanged';
    if ((this.approvers[to - 1]?.size ?? 0) < this.required) return 'ALIAS_MOVE_REFUSED';
    return this.step(to);
  }
  rollBack(): string {
    if (!this.version) return 'MODEL_ALIAS_NOT_FOUND';
    return this.previous ? this.step(this.previous) : 'ALIAS_ROLLBACK_IMPOSSIBLE';
  }
  delete(): string {
    return this.version ? this.step(0) : 'MODEL_ALIAS_NOT_FOUND';
  }
  approve(version: number, who: string): string {
    if (who === CREATORS[version - 1]) return 'SELF_APPROVAL';
    this.approvers[version - 1]?.add(who);
    return 'decided';
  }
  reject(version: number): string {
    this.approvers[version - 1]?.clear();
    return 'decided';
  }
  private step(to: number): string {
    [this.previous, this.version, this.revision] = [this.version, to, this.revision + 1];
    return 'moved';
  }
}

interface Real {
  readonly deps: RegistryFixture;
  readonly harness: RegistryStoreHarness;
}

/** Words for what succeeds; whatever else the model says is the reason of a refusal. */
const SUCCESSES = new Set(['moved', 'unchanged', 'decided', 'set']);

const outcome = async (work: Promise<unknown>, success: string): Promise<string> => {
  try {
    await work;
    return success;
  } catch (error) {
    if (error instanceof DomainError) return error.reason;
    throw error;
  }
};

class Step implements fc.AsyncCommand<Model, Real> {
  private readonly label: string;
  private readonly expected: (model: Model) => string;
  private readonly actual: (real: Real, success: string) => Promise<string>;
  constructor(label: string, expected: Step['expected'], actual: Step['actual']) {
    this.label = label;
    this.expected = expected;
    this.actual = actual;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const before = model.revision;
    const expected = this.expected(model);
    expect(await this.actual(real, SUCCESSES.has(expected) ? expected : 'done')).toBe(expected);
    const alias = await real.harness.unitOfWork.read(callBy('dave').caller, (reads) => {
      return reads.aliases.get(name.model, name.alias);
    });
    expect(Number(alias?.version ?? 0)).toBe(model.version);
    expect(Number(alias?.revision ?? 0)).toBe(model.revision);
    const moved = (await real.harness.facts()).filter(({ type }) => type.includes('alias.moved'));
    expect(moved).toHaveLength(model.revision);
    if (model.revision === before) return;
    expect(moved.at(-1)?.data).toMatchObject({
      version: String(model.version),
      previous_version: String(model.previous),
      revision: String(model.revision),
    });
  }
  toString = () => this.label;
}

const version = fc.integer({ min: 1, max: VERSIONS });
const who = fc.constantFrom(...PEOPLE);
const commands = [
  fc.tuple(version, who, fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined })).map(
    ([to, by, expected]) =>
      new Step(
        `move(${to}, ${by}, ${expected})`,
        (model) => model.move(to, expected),
        ({ deps }, success) => {
          const expectedRevision = expected === undefined ? undefined : BigInt(expected);
          const request = { ...name, version: BigInt(to), expectedRevision, requestId: '' };
          return outcome(moveAlias(callBy(by), request, deps), success);
        },
      ),
  ),
  who.map(
    (by) =>
      new Step(
        `rollBack(${by})`,
        (model) => model.rollBack(),
        ({ deps }, success) => {
          const request = { ...name, expectedRevision: undefined, requestId: '' };
          return outcome(rollBackAlias(callBy(by), request, deps), success);
        },
      ),
  ),
  fc.constant(
    new Step(
      'delete()',
      (model) => model.delete(),
      ({ deps }, success) => outcome(deleteAlias(callBy('dave'), { ...name, requestId: '' }, deps), success),
    ),
  ),
  fc.tuple(version, who, fc.boolean()).map(
    ([of, by, approve]) =>
      new Step(
        `${approve ? 'approve' : 'reject'}(${of}, ${by})`,
        (model) => (approve ? model.approve(of, by) : model.reject(of)),
        ({ deps }, success) => {
          const request = { ...name, version: BigInt(of), comment: '', requestId: '' };
          const decide = approve ? approveModelVersion : rejectModelVersion;
          return outcome(decide(callBy(by), request, deps), success);
        },
      ),
  ),
  fc.integer({ min: 0, max: 3 }).map(
    (required) =>
      new Step(
        `require(${required})`,
        (model) => {
          model.required = required;
          return 'set';
        },
        ({ deps }, success) => {
          const policy = { ...name, gates: [], approvalsRequired: required, requestId: '' };
          return outcome(setAliasPolicy(callBy('dave'), policy, deps), success);
        },
      ),
  ),
];

describe('aliases, approvals and policies', () => {
  it('for all sequences of calls: do what the ten-line model does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: '+1' }), async (steps) => {
        const clock = new ManualClock();
        const harness = await inMemoryHarness(clock);
        const deps = registryFixture(harness.unitOfWork, clock);
        await newModel(deps, callBy('alice'), name.model);
        for (const creator of CREATORS) await newVersion(deps, callBy(creator), name.model);
        await fc.asyncModelRun(() => ({ model: new Model(), real: { deps, harness } }), steps);
      }),
      { numRuns: 150 },
    );
  });
});
