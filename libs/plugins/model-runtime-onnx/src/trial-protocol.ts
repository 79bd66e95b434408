import type { ModelSignature } from '@slipway/plugin-kit';

/** What the child process prints, as one line of JSON, before it exits. */
export type TrialAnswer =
  | {
      readonly kind: 'loaded';
      readonly signature: ModelSignature;
      readonly loadMs: number;
      /** `skipped`: the fixed sizes of an input are too large to make one up. */
      readonly firstRun: 'ok' | 'refused' | 'skipped';
      readonly runMs: number;
      /** The runtime's words when it refused the made-up inputs; a graph may do so. */
      readonly runCause: string;
    }
  | { readonly kind: 'refused'; readonly cause: string };

/** File of the child's program beside the caller's own: its source when that runs from source, else what the bundler made of it. */
export const trialEntry = (callerUrl: string): URL =>
  new URL(callerUrl.endsWith('.ts') ? './onnx-trial-child.ts' : './onnx-trial-child.js', callerUrl);
