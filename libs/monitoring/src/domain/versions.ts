/** A version of a model, as predictions name it. */
export interface VersionRef {
  readonly model: string;
  readonly version: number;
  /** Of the package; empty when the log did not say. */
  readonly digest: string;
}

/** Tells versions apart; a slash is in no name. */
export const versionKey = ({ model, version }: Pick<VersionRef, 'model' | 'version'>): string => `${model}/${version}`;
