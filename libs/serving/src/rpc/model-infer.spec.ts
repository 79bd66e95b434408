import type { ModelInferRequest__Output } from '@slipway/contracts/inference';
import { silentLogger, systemClock } from '@slipway/kernel';
import type { CallContext } from '@slipway/platform';
import { expect, it } from 'vitest';
import type { ServedModels } from '../domain/served-models.ts';
import type { SlotKey } from '../domain/slot-key.ts';
import { Turns } from '../domain/turns.ts';
import { createModelInfer } from './model-infer.ts';

const request: ModelInferRequest__Output = {
  model_name: 'flights',
  model_version: '',
  id: '',
  parameters: {},
  inputs: [],
  outputs: [],
  raw_input_contents: [],
};
const contextIn = (workspace: string): CallContext => ({
  method: '/inference.GRPCInferenceService/ModelInfer',
  requestId: 'call-1',
  caller: { principal: 'ada', workspace, allWorkspaces: false, permissions: new Set(['*']) },
  signal: new AbortController().signal,
  log: silentLogger,
  header: () => undefined,
  setTrailer: () => undefined,
});

it.each(['default', 'elsewhere'])(
  "looks for the model in the caller's workspace %s and nowhere else",
  async (workspace) => {
    const asked: SlotKey[] = [];
    const failed: (SlotKey | undefined)[] = [];
    const models = { find: (key) => void asked.push(key) } as Pick<ServedModels, 'find'> as ServedModels;
    const metrics = { succeeded: () => undefined, failed: (key: SlotKey | undefined) => void failed.push(key) };
    const dependencies = { models, metrics, turns: new Turns(1, 1), defaultAlias: 'champion', elementsMax: 10 };
    const infer = createModelInfer({ ...dependencies, clock: systemClock, log: undefined, verifier: undefined });
    await expect(infer(request, contextIn(workspace))).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
    expect(asked).toEqual([{ workspace, model: 'flights', alias: 'champion' }]);
    expect(failed).toEqual([undefined]); // what callers make up is no label
  },
);
