/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

export interface PageRequest {
  /** 1 or more, bounded by the contract. */
  readonly pageSize: number;
  /** From the page before; empty for the first one. */
  readonly pageToken: string;
}

/** Which of the deleted and not deleted a search looks at. */
export type View = 'active' | 'deleted' | 'all';

export const isInView = (view: View, deleted: boolean): boolean => view === 'all' || deleted === (view === 'deleted');
