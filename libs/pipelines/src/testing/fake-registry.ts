import { createHash } from 'node:crypto';
import { FailedPreconditionError, formatMicros, NotFoundError } from '@slipway/kernel';
import {
  generateKeyPair,
  inspectGraph,
  readSigningKey,
  signManifest,
  trustedKeyOf,
  type TrustedKey,
} from '@slipway/model-package';

interface StoredVersion {
  readonly version: string;
  readonly runId: string;
  readonly envelope: string;
  readonly graph: Uint8Array;
}

interface Header {
  readonly model: string;
  readonly run_id: string;
  readonly features: readonly string[];
  readonly training_set_id: string;
}

/** Models, versions, aliases and approvals in memory; packages are signed as the real registry signs them. */
export class FakeRegistry {
  readonly versions: StoredVersion[] = [];
  readonly aliases = new Map<string, string>();
  readonly evaluations: { version: string; dataset: string; metrics: Record<string, number> }[] = [];
  readonly approvals: { alias: string; decision: string; principal: string; comment: string; time: object }[] = [];
  /** Sentence of the gate that refuses; undefined when it lets everything pass. */
  refusal: string | undefined;
  approvalsRequired = 1;
  readonly trustedKey: TrustedKey;
  readonly #key = readSigningKey(generateKeyPair().privateKeyPem);

  constructor() {
    this.trustedKey = trustedKeyOf(this.#key);
  }

  readonly methods = {
    CreateModelVersion: (messages: readonly { header?: Header; chunk?: Uint8Array; file_end?: boolean }[]) => {
      const header = messages.find((message) => message.header)?.header;
      const end = messages.findIndex((message) => message.file_end === true);
      const graph = Buffer.concat(messages.slice(0, end).flatMap(({ chunk }) => (chunk ? [chunk] : [])));
      if (!header) throw new Error('no header');
      return { version: { version: this.#keep(header, graph) } };
    },
    ListModelVersions: () => ({
      versions: this.versions.map(({ version, runId }) => ({ version, run_id: runId })).toReversed(),
    }),
    GetModelVersion: ({ alias }: { alias: string }) => {
      const version = this.aliases.get(alias);
      if (version === undefined) throw new NotFoundError(`no alias '${alias}'`);
      return { version: { version } };
    },
    RecordEvaluation: (request: { version: string; dataset: string; metrics: Record<string, number> }) => {
      const { version, dataset, metrics } = request;
      this.evaluations.push({ version, dataset, metrics });
      return {};
    },
    CheckAliasMove: () => ({ passed: this.#checks().every(({ passed }) => passed), checks: this.#checks() }),
    ListApprovals: () => ({ approvals: this.approvals }),
    MoveAlias: ({ alias, version }: { alias: string; version: string }) => {
      const refused = this.#checks().find(({ passed }) => !passed);
      if (refused) throw new FailedPreconditionError(refused.reason, { reason: 'ALIAS_MOVE_REFUSED' });
      this.aliases.set(alias, version);
      return { alias: { name: alias, version, revision: '2' } };
    },
  };

  *download({ version }: { version: string }): Generator<object, void, undefined> {
    const found = this.versions.find((each) => each.version === version);
    if (!found) throw new NotFoundError(`no version ${version}`);
    yield { part: 'envelope_json', envelope_json: found.envelope };
    yield { part: 'file', file: { path: 'model.onnx' } };
    yield { part: 'chunk', chunk: found.graph };
  }

  decide(decision: 'APPROVED' | 'REJECTED', principal: string, comment = ''): void {
    const time = { seconds: String(this.approvals.length), nanos: 0 };
    this.approvals.push({ alias: 'champion', decision: `APPROVAL_DECISION_${decision}`, principal, comment, time });
  }

  #checks() {
    const approved = this.approvals.filter(({ decision }) => decision === 'APPROVAL_DECISION_APPROVED').length;
    return [
      { check: 'metric', passed: this.refusal === undefined, reason: this.refusal ?? 'log_loss is no worse' },
      {
        check: 'approvals',
        passed: approved >= this.approvalsRequired,
        reason: `${approved} of ${this.approvalsRequired}`,
      },
    ];
  }

  #keep({ model, run_id: runId, features, training_set_id: trainingSetId }: Header, graph: Uint8Array): string {
    const version = this.versions.length + 1;
    const sha256 = createHash('sha256').update(graph).digest('hex');
    const files = [{ path: 'model.onnx', bytes: graph.length, sha256 }];
    const { signature } = inspectGraph(graph, { packageFiles: files });
    const manifest = {
      formatVersion: 1,
      workspace: 'default',
      model,
      version,
      files,
      graph: 'model.onnx',
      signature,
      features,
      preprocessing: {},
      postprocessing: {},
      trainingSetId,
      runId,
      createdAt: formatMicros(0n),
    } as const;
    const envelope = JSON.stringify(signManifest(manifest, this.#key));
    this.versions.push({ version: String(version), runId, envelope, graph });
    return String(version);
  }
}
