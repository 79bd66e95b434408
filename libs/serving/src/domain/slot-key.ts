/** A place that calls name: one alias of one model in one workspace. */
export interface SlotKey {
  readonly workspace: string;
  readonly model: string;
  readonly alias: string;
}

/** Unique text of a key; a slash is in none of the three names. */
export const slotId = ({ workspace, model, alias }: SlotKey): string => `${workspace}/${model}/${alias}`;
