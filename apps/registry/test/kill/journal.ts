import type { Alias, Approval, ModelVersion, RegisteredModel } from '@slipway/contracts/slipway.registry.v1';

/** A call that can be made again with the same request id, and what it was answered. */
export interface AnsweredCall {
  readonly answer: unknown;
  repeat(): Promise<unknown>;
}

/** One line per fact, so that what was acknowledged and what is there can be compared as multisets. */
export const lineOf = {
  model: (name: unknown, description: unknown, tags: Readonly<Record<string, string>>) =>
    `model ${String(name)} '${String(description)}' ${tagsOf(tags)}`,
  version: (one: Partial<ModelVersion>, tags: Readonly<Record<string, string>>) =>
    `version ${one.model}/${String(one.version)} run ${one.run_id} digest ${one.digest} '${one.description}' ${tagsOf(tags)}`,
  approval: (one: Partial<Approval>) =>
    `approval ${one.id} ${one.model}/${String(one.version)} for ${one.alias} '${one.comment}' digest ${one.digest}`,
  move: (model: unknown, alias: unknown, revision: unknown, version: unknown) =>
    `move ${String(model)}@${String(alias)} #${String(revision)} to ${String(version)}`,
};

const tagsOf = (tags: Readonly<Record<string, string>>): string =>
  Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

const REPEATS_KEPT = 400;

/** Everything that was acknowledged, with its content. Calls of one client end before its next one begins, so the last answer about a tag counts. */
export class Journal {
  readonly counts = { acknowledged: 0, retried: 0 };
  /** Answers that no caller can act on, and refusals of calls that were right. None is expected. */
  readonly unexpected: string[] = [];
  readonly models = new Map<string, { description: string; tags: Record<string, string>; edits: number }>();
  readonly versions = new Map<string, { answer: ModelVersion; tags: Record<string, string>; edits: number }>();
  readonly approvals: Approval[] = [];
  /** By line: a move to the version that an alias names already is answered with the move before. */
  readonly moves = new Map<string, Alias>();
  readonly calls: AnsweredCall[] = [];

  addModel({ name = '', description = '' }: RegisteredModel): void {
    this.models.set(name, { description, tags: {}, edits: 0 });
  }

  addVersion(answer: ModelVersion): void {
    const key = `${answer.model}/${String(answer.version)}`;
    if (this.versions.has(key)) this.unexpected.push(`two requests were answered with version ${key}`);
    this.versions.set(key, { answer, tags: {}, edits: 0 });
  }

  addMove(alias: Alias): void {
    this.moves.set(lineOf.move(alias.model, alias.name, alias.revision, alias.version), alias);
  }

  /** @param resource key of `models` or `versions`. */
  addTag(kind: 'models' | 'versions', resource: string, key: string, value: string): void {
    const entry = this[kind].get(resource);
    if (!entry) throw new Error(`nothing was acknowledged under ${resource}`);
    entry.tags[key] = value;
    entry.edits += 1;
  }

  /** Counts an answer; some are kept to be asked for again. */
  answered(call: AnsweredCall): void {
    this.counts.acknowledged += 1;
    if (this.calls.length < REPEATS_KEPT) this.calls.push(call);
    else this.calls[this.counts.acknowledged % REPEATS_KEPT] = call;
  }

  /** What the registry has to hold, no more and no less. */
  stateLines(): string[] {
    return [
      ...[...this.models].map(([name, { description, tags }]) => lineOf.model(name, description, tags)),
      ...[...this.versions.values()].map(({ answer, tags }) => lineOf.version(answer, tags)),
      ...this.approvals.map((approval) => lineOf.approval(approval)),
      ...this.moves.keys(),
    ];
  }

  /** What consumers have to be told, once each. */
  eventLines(): string[] {
    return [
      ...[...this.models].flatMap(([name, { edits }]) => Array.from({ length: 1 + edits }, () => `changed ${name}`)),
      ...[...this.versions.values()].map(
        ({ answer }) => `created ${lineOf.version({ ...answer, description: '' }, {})}`,
      ),
      ...this.approvals.map((approval) => lineOf.approval({ ...approval, id: 'granted' })),
      ...this.moves.keys(),
    ];
  }

  /** Each change has a record; the tags of a version are recorded and are no event. */
  get auditRecords(): number {
    const editsOf = (entries: Iterable<{ edits: number }>) => [...entries].reduce((sum, { edits }) => sum + edits, 0);
    const made = this.models.size + this.versions.size + this.approvals.length + this.moves.size;
    return made + editsOf(this.models.values()) + editsOf(this.versions.values());
  }
}
