import { join } from 'node:path';
import { ConflictError, FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import type { StoredFile } from '../domain/partition.ts';
import type { FeatureCalls, OperationCalls } from '../rpc/feature-sets.ts';
import { SharedState } from './shared-state.ts';

interface StoredSet {
  readonly id: string;
  readonly requestId: string;
  readonly consumer: string;
  readonly from: number;
  readonly to: number;
  readonly manifestUri: string;
}

interface Load {
  readonly table: string;
  readonly manifestUri: string;
  readonly fallback: Readonly<Record<string, number>>;
  readonly files: number;
  readonly timeColumn: string;
}

interface FeaturesState {
  readonly source: string;
  readonly columns: readonly ColumnSpec[];
  readonly setColumns: readonly ColumnSpec[];
  readonly files: readonly StoredFile[];
  readonly positions: Readonly<Record<string, number>>;
  readonly sets: readonly StoredSet[];
  readonly loads: readonly Load[];
  /** How often each call comes back without an answer before it gets one. */
  readonly outages: number;
  readonly failJoin: boolean;
}

const EMPTY: FeaturesState = { source: '', columns: [], setColumns: [], files: [], positions: {}, sets: [], loads: [], outages: 0, failJoin: false }; // prettier-ignore
const typed = ({ name, type }: ColumnSpec) => ({ name, type: `COLUMN_TYPE_${type.toUpperCase()}` });

/** The part of the feature store that scoring jobs speak to, kept in a directory: one source, all of its rows in files that are joined already. */
export class FakeFeatures {
  readonly state: SharedState<FeaturesState>;

  constructor(directory: string) {
    this.state = new SharedState(join(directory, 'features.json'), EMPTY);
  }

  get operationCalls(): OperationCalls {
    return {
      getOperation: async ({ id = '' }) => {
        const set = this.state.read().sets.find((one) => one.id === id);
        return { operation: { id, kind: 'any', state: 'OPERATION_STATE_SUCCEEDED', result_json: JSON.stringify({ id: set?.id }) } } as never; // prettier-ignore
      },
    };
  }

  get calls(): FeatureCalls {
    return {
      getRepository: async () => {
        const { source: name, columns } = this.state.read();
        return { sources: [{ name, columns: columns.map(typed), event_time_column: 'scheduled_at' }] } as never;
      },
      createScoringSet: async (request) => {
        this.#mayBeOut();
        const { consumer = '', request_id: requestId = '' } = request;
        if (this.state.read().failJoin) throw new FailedPreconditionError('no such view', { reason: 'VIEW_NOT_FOUND' });
        let set = this.state.read().sets.find((one) => one.requestId === requestId);
        if (!set) {
          const from = this.state.read().positions[consumer] ?? 0;
          const to = this.state.read().files.reduce((rows, file) => rows + file.rows, 0);
          set = { id: `set-${this.state.read().sets.length + 1}`, requestId, consumer, from, to, manifestUri: '' };
          const made = set;
          this.state.change((state) => ({ ...state, sets: [...state.sets, made] }));
        }
        return { operation: { id: set.id, kind: 'features.scoring-sets.create', state: 'OPERATION_STATE_RUNNING' } } as never; // prettier-ignore
      },
      getScoringSet: async ({ id }) => ({ scoring_set: this.#message(id ?? '') }) as never,
      commitScoringSet: async ({ id, manifest_uri: manifestUri = '' }) => {
        this.#mayBeOut();
        const { sets, positions } = this.state.read();
        const set = sets.find((one) => one.id === id);
        if (!set) throw new FailedPreconditionError('there is no such set');
        if (set.manifestUri === manifestUri) return {} as never;
        if (set.manifestUri !== '' || (positions[set.consumer] ?? 0) !== set.from) {
          throw new ConflictError('the consumer is no longer where the set began', { reason: 'POSITION_MOVED' });
        }
        this.state.change((state) => ({
          ...state,
          positions: { ...state.positions, [set.consumer]: set.to },
          sets: state.sets.map((one) => (one.id === id ? { ...one, manifestUri } : one)),
        }));
        return {} as never;
      },
      loadPredictions: async (request) => {
        this.#mayBeOut();
        const { table = '', manifest_uri: manifestUri = '', time_column: timeColumn = '' } = request;
        const load = { table, manifestUri, timeColumn, fallback: { ...request.fallback } as Record<string, number>, files: request.files?.length ?? 0 }; // prettier-ignore
        const isKnown = this.state.read().loads.some((one) => one.manifestUri === manifestUri);
        if (!isKnown) this.state.change((state) => ({ ...state, loads: [...state.loads, load] }));
        return { operation: { id: 'load', kind: 'any', state: 'OPERATION_STATE_PENDING' } } as never;
      },
    };
  }

  #mayBeOut(): void {
    if (this.state.read().outages === 0) return;
    this.state.change((state) => ({ ...state, outages: state.outages - 1 }));
    throw new UnavailableError('the feature store does not answer');
  }

  #message(id: string): object {
    const { sets, files, setColumns } = this.state.read();
    const set = sets.find((one) => one.id === id);
    const rows = (set?.to ?? 0) - (set?.from ?? 0);
    return {
      id,
      from_exclusive: `${set?.from}`,
      to_inclusive: `${set?.to}`,
      rows: `${rows}`,
      columns: setColumns.map(typed),
      files: rows === 0 ? [] : files.map((file) => ({ ...file, bytes: `${file.bytes}`, rows: `${file.rows}` })),
      content_sha256: 'c'.repeat(64),
    };
  }
}
