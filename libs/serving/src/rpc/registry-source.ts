import type {
  Alias__Output,
  DownloadModelVersionRequest,
  DownloadModelVersionResponse__Output,
  ListAliasesRequest,
  ListAliasesResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { DEFAULT_WORKSPACE } from '@slipway/kernel';
import type { AliasSource, PackagePart, PackageSource, RegisteredAlias, VersionRef } from '../domain/ports.ts';

interface CallOptions {
  readonly workspace: string;
  readonly signal: AbortSignal;
}

/** The calls of the registry's client that serving makes. */
export interface RegistryCalls {
  listAliases(request: ListAliasesRequest, options: CallOptions): Promise<ListAliasesResponse__Output>;
  downloadModelVersion(
    request: DownloadModelVersionRequest,
    options: CallOptions,
  ): AsyncIterable<DownloadModelVersionResponse__Output>;
}

const PAGE_SIZE = 500;

const fromAlias = ({ workspace, model, name, version, revision, digest }: Alias__Output): RegisteredAlias => ({
  key: { workspace, model, alias: name },
  target: { version: BigInt(version), revision: BigInt(revision), digest },
});

function toPart(message: DownloadModelVersionResponse__Output): PackagePart | undefined {
  if (message.part === 'envelope_json') return { kind: 'envelope', json: message.envelope_json ?? '' };
  if (message.part === 'file') return { kind: 'file', path: message.file?.path ?? '' };
  if (message.part === 'chunk') return { kind: 'chunk', bytes: message.chunk ?? new Uint8Array(0) };
  return undefined; // a part of a later contract
}

/** The registry as serving sees it, over its client. */
export function createRegistrySource(registry: RegistryCalls): AliasSource & PackageSource {
  return {
    async *list(signal) {
      let page_token = '';
      do {
        const request: ListAliasesRequest = { all_workspaces: true, page_size: PAGE_SIZE, page_token };
        const page = await registry.listAliases(request, { workspace: DEFAULT_WORKSPACE, signal });
        yield page.aliases.map(fromAlias);
        page_token = page.next_page_token;
      } while (page_token !== '');
    },
    async *download({ workspace, model, version }: VersionRef, signal) {
      const request: DownloadModelVersionRequest = { model, version: `${version}` };
      for await (const message of registry.downloadModelVersion(request, { workspace, signal })) {
        const part = toPart(message);
        if (part) yield part;
      }
    },
  };
}
