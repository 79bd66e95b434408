/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

export interface PageRequest {
  /** 1..1000. */
  readonly pageSize: number;
  /** From the page before; empty for the first one. */
  readonly pageToken: string;
}
