/** What a caller asks for: a page of `pageSize` items, from the token of the page before on, empty for the first one. */
export interface KeysetPageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One page; the token is absent on the last one. */
export interface KeysetPage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}
