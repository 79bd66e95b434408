import type {
  Alias__Output,
  ListAliasesRequest,
  ListAliasesResponse__Output,
  MoveAliasRequest,
  MoveAliasResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { ConflictError } from '@slipway/kernel';
import type { RegistryCalls } from '../rpc/registry-aliases.ts';
import { MODEL } from './fake-monitor.ts';

/** Aliases of one model, with the revisions of the real one. */
export class FakeRegistry implements RegistryCalls {
  readonly moves: MoveAliasRequest[] = [];
  /** What the next moves are answered with. */
  refusal: Error | undefined;
  private readonly aliases = new Map<string, { version: string; revision: number }>();

  constructor(aliases: Readonly<Record<string, string>> = {}) {
    for (const [name, version] of Object.entries(aliases)) this.set(name, version);
  }

  set(name: string, version: string): void {
    this.aliases.set(name, { version, revision: (this.aliases.get(name)?.revision ?? 0) + 1 });
  }

  versionOf(name: string): string | undefined {
    return this.aliases.get(name)?.version;
  }

  listAliases({ model }: ListAliasesRequest): Promise<ListAliasesResponse__Output> {
    const names = model === MODEL ? [...this.aliases.keys()] : [];
    return Promise.resolve({ aliases: names.map((name) => this.message(name)), next_page_token: '' });
  }

  moveAlias(request: MoveAliasRequest): Promise<MoveAliasResponse__Output> {
    this.moves.push(request);
    if (this.refusal) return Promise.reject(this.refusal);
    const name = request.alias ?? '';
    if (String(this.aliases.get(name)?.revision ?? 0) !== request.expected_revision) {
      const error = new ConflictError(`alias '${name}' has moved`, { reason: 'ALIAS_REVISION_MISMATCH' });
      return Promise.reject(error);
    }
    this.set(name, String(request.version));
    return Promise.resolve({ alias: this.message(name) });
  }

  private message(name: string): Alias__Output {
    const { version, revision } = this.aliases.get(name) ?? { version: '0', revision: 0 };
    return {
      model: MODEL,
      name,
      version,
      revision: String(revision),
      digest: '',
      principal: 'alice',
      update_time: null,
      workspace: 'default',
    };
  }
}
