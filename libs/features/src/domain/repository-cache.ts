import type { Clock } from '@slipway/kernel';
import { repositoryNotFound } from './errors.ts';
import {
  EMPTY_REPOSITORY,
  type FeatureRepository,
  type FeatureService,
  type FeatureView,
  type Source,
} from './repository/feature-repository.ts';
import type { FeatureUnitOfWork } from './unit-of-work.ts';

/** A repository with its parts by name. */
export interface IndexedRepository {
  readonly revision: bigint;
  readonly repository: FeatureRepository;
  readonly sources: ReadonlyMap<string, Source>;
  readonly views: ReadonlyMap<string, FeatureView>;
  readonly services: ReadonlyMap<string, FeatureService>;
}

const mapOf = <Item extends { readonly name: string }>(items: readonly Item[]): ReadonlyMap<string, Item> =>
  new Map(items.map((item) => [item.name, item]));

export const indexRepository = (revision: bigint, repository: FeatureRepository): IndexedRepository => ({
  revision,
  repository,
  sources: mapOf(repository.sources),
  views: mapOf(repository.views),
  services: mapOf(repository.services),
});

interface Entry {
  readonly indexed: IndexedRepository;
  readonly checkedAtMs: number;
}

/** More workspaces than one process serves; what falls out is read again. */
const WORKSPACES_MAX = 1_000;

/** The repository in force of each workspace, at most `refreshMs` behind what another process applied. */
export class RepositoryCache {
  readonly #unitOfWork: FeatureUnitOfWork;
  readonly #clock: Clock;
  readonly #refreshMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(unitOfWork: FeatureUnitOfWork, clock: Clock, refreshMs: number) {
    this.#unitOfWork = unitOfWork;
    this.#clock = clock;
    this.#refreshMs = refreshMs;
  }

  /** What is known without asking the database; undefined when that may be too old. */
  fresh(workspace: string): IndexedRepository | undefined {
    const entry = this.#entries.get(workspace);
    return entry && this.#clock.monotonicMs() - entry.checkedAtMs < this.#refreshMs ? entry.indexed : undefined;
  }

  async current(workspace: string): Promise<IndexedRepository> {
    return this.fresh(workspace) ?? this.refresh(workspace);
  }

  /** Asks the database whether there is another one; to be called after each application. */
  async refresh(workspace: string): Promise<IndexedRepository> {
    const known = this.#entries.get(workspace);
    const checkedAtMs = this.#clock.monotonicMs();
    const indexed = await this.#unitOfWork.read({ workspace }, async ({ repositories }) => {
      const revision = await repositories.currentRevision();
      if (known?.indexed.revision === revision) return known.indexed;
      if (revision === 0n) return indexRepository(0n, EMPTY_REPOSITORY);
      const applied = await repositories.get(revision);
      if (!applied) throw repositoryNotFound(revision);
      return indexRepository(revision, applied.repository);
    });
    this.#entries.delete(workspace);
    this.#entries.set(workspace, { indexed, checkedAtMs });
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > WORKSPACES_MAX && oldest.done !== true) this.#entries.delete(oldest.value);
    return indexed;
  }
}
