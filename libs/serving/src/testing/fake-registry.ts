import type {
  Alias__Output,
  DownloadModelVersionRequest,
  DownloadModelVersionResponse__Output,
  ListAliasesRequest,
  ListAliasesResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { NotFoundError, UnavailableError } from '@slipway/kernel';
import type { RegisteredAlias } from '../domain/ports.ts';
import type { RegistryCalls } from '../rpc/registry-source.ts';
import type { TestPackage } from './constant-model.ts';

const CHUNK_BYTES = 64; // small, so that files come in several chunks
const PAGE_SIZE = 2; // small, so that lists come in several pages

/** A registry in memory: packages by version, aliases with their revisions, pages and chunks as the real one sends them. */
export class FakeRegistry implements RegistryCalls {
  /** Answers nothing while true. */
  away = false;
  downloads = 0;
  readonly #packages = new Map<string, TestPackage>();
  readonly #aliases = new Map<string, RegisteredAlias>();

  publish(model: string, version: number, content: TestPackage, workspace = 'default'): void {
    this.#packages.set(`${workspace}/${model}/${version}`, content);
  }

  /** @param version 0 deletes the alias. @returns what the event of this move says. */
  move(model: string, alias: string, version: number, workspace = 'default'): RegisteredAlias {
    const id = `${workspace}/${model}/${alias}`;
    const revision = (this.#aliases.get(id)?.target.revision ?? 0n) + 1n;
    const unpublished = version === 0 ? '' : 'f'.repeat(64);
    const digest = this.#packages.get(`${workspace}/${model}/${version}`)?.digest ?? unpublished;
    const moved = { key: { workspace, model, alias }, target: { version: BigInt(version), digest, revision } };
    this.#aliases.set(id, moved);
    return moved;
  }

  async listAliases(request: ListAliasesRequest): Promise<ListAliasesResponse__Output> {
    if (this.away) throw new UnavailableError('the registry is away');
    const live = [...this.#aliases.values()].filter(({ target }) => target.version !== 0n);
    const start = Number(request.page_token || '0');
    const aliases = live.slice(start, start + PAGE_SIZE).map(({ key, target }): Alias__Output => ({
      model: key.model,
      name: key.alias,
      workspace: key.workspace,
      version: `${target.version}`,
      revision: `${target.revision}`,
      digest: target.digest,
      principal: 'test',
      update_time: null,
    }));
    return { aliases, next_page_token: start + PAGE_SIZE < live.length ? `${start + PAGE_SIZE}` : '' };
  }

  async *downloadModelVersion(
    request: DownloadModelVersionRequest,
    options: { readonly workspace: string },
  ): AsyncIterable<DownloadModelVersionResponse__Output> {
    this.downloads += 1;
    if (this.away) throw new UnavailableError('the registry is away');
    const content = this.#packages.get(`${options.workspace}/${request.model}/${String(request.version)}`);
    if (!content) throw new NotFoundError('no such version', { reason: 'MODEL_VERSION_NOT_FOUND' });
    yield { part: 'envelope_json', envelope_json: content.envelopeJson };
    for (const { path, bytes } of content.files) {
      yield { part: 'file', file: { path } };
      for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
        yield { part: 'chunk', chunk: Buffer.from(bytes.subarray(offset, offset + CHUNK_BYTES)) };
      }
    }
  }
}
