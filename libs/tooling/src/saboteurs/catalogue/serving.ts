import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/serving/src/domain';
const RPC = 'libs/serving/src/rpc';
const STORE = 'libs/serving/src/store';
const SLOT = [`${DOMAIN}/slot.spec.ts`];
const LOADER = [`${DOMAIN}/package-version-loader.spec.ts`];
const MODELS = [`${DOMAIN}/served-models.spec.ts`];
const CODEC = [`${RPC}/tensor-codec.spec.ts`];
const FAILED_LOADS = ['libs/serving/src/failed-loads.spec.ts'];
const SCORING = 'libs/scoring/src';
const FEATURE_TENSOR = [`${SCORING}/feature-tensor.spec.ts`];
const PREDICTION_ROWS = [`${DOMAIN}/prediction-rows.spec.ts`];
const PREDICTION_LOG = [`${DOMAIN}/prediction-log.spec.ts`];
const ASSIGNMENTS = ['libs/serving/src/prediction-assignments.spec.ts'];
const SHADOWS = ['libs/serving/src/prediction-shadows.spec.ts'];
const CACHE = [`${STORE}/package-cache.spec.ts`];

/** Which version answers, when it changes, and what goes in and out. */
export const SERVING_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'an older move of an alias is applied',
    file: `${DOMAIN}/slot.ts`,
    find: 'if (target.revision <= slot.desired.revision) return slot;',
    replace: 'if (target.revision === slot.desired.revision) return slot;',
    suites: SLOT,
  },
  {
    name: 'an older move of an alias is written down',
    file: `${STORE}/sql-slot-store.ts`,
    find: 'where serving_slot.desired_revision < excluded.desired_revision',
    replace: 'where serving_slot.desired_revision <> excluded.desired_revision',
    suites: [`${STORE}/slot-store.spec.ts`],
  },
  {
    name: 'an alias is acknowledged before it is written down',
    file: `${DOMAIN}/served-models.ts`,
    find: 'await this.#options.store.desire(key, target);',
    replace: 'void this.#options.store.desire(key, target).catch(() => undefined);',
    suites: MODELS,
  },
  {
    name: 'a load that is no longer wanted takes the slot',
    file: `${DOMAIN}/slot.ts`,
    find: '  if (isSuperseded(slot)) return { ...slot, loading: undefined };\n',
    replace: '',
    suites: SLOT,
  },
  {
    name: 'a newer move waits for the load of the older one',
    file: `${DOMAIN}/live-slot.ts`,
    find: "    this.#turn.abort(new UnavailableError('a newer move of the alias came', { reason: 'LOAD_SUPERSEDED' }));\n",
    replace: '',
    suites: MODELS,
  },
  {
    name: 'the old version is given up before the new one is loaded',
    file: `${DOMAIN}/live-slot.ts`,
    find: 'if (!next.actual) this.#vacate();',
    replace: 'this.#vacate();',
    suites: MODELS,
  },
  {
    name: 'a version is closed while calls run on it',
    file: `${DOMAIN}/served-version.ts`,
    find: 'if (this.#inFlight > 0 && !(await this.#drained(clock, drainMs))) {',
    replace: 'if (this.#inFlight < 0 && !(await this.#drained(clock, drainMs))) {',
    suites: MODELS,
  },
  {
    name: 'a version under two aliases is closed with the first one',
    file: `${DOMAIN}/version-pool.ts`,
    find: '    if (entry.references > 0) return;\n',
    replace: '',
    suites: MODELS,
  },
  {
    name: 'a signed package that is not the one of the alias is served',
    file: `${DOMAIN}/package-version-loader.ts`,
    find: 'if (scorer.digest === ref.digest) return scorer;',
    replace: "if (scorer.digest !== '') return scorer;",
    suites: FAILED_LOADS,
  },
  {
    name: 'a version answers before it was called once',
    file: `${DOMAIN}/package-version-loader.ts`,
    find: '      await warmUp(scorer, this.#options.log, signal);\n',
    replace: '',
    suites: LOADER,
  },
  {
    name: 'a damaged package stays in the cache',
    file: `${DOMAIN}/package-version-loader.ts`,
    find: '      await packages.evict(ref.digest);\n      if (!first.fromCache) throw error;\n',
    replace: '      if (!first.fromCache) throw error;\n',
    suites: LOADER,
  },
  {
    name: 'the reconciler does not notice a deleted alias',
    file: `${DOMAIN}/reconcile-aliases.ts`,
    find: 'if (listed.has(id) || slot.desired.version === 0n) continue;',
    replace: 'if (listed.has(id) || slot.desired.version >= 0n) continue;',
    suites: FAILED_LOADS,
  },
  {
    name: 'the reconciler deletes what moved while it looked',
    file: `${DOMAIN}/reconcile-aliases.ts`,
    find: 'revision: slot.desired.revision + 1n }',
    replace: 'revision: (models.slots().get(id)?.desired.revision ?? 0n) + 1n }',
    suites: FAILED_LOADS,
  },
  {
    name: 'the reconciler runs only once',
    file: `${DOMAIN}/reconciler.ts`,
    find: 'while (!signal.aborted) {',
    replace: 'while (!signal.aborted && this.#goodRounds === 0) {',
    suites: [`${DOMAIN}/reconciler.spec.ts`],
  },
  {
    name: 'more calls than allowed run at once',
    file: `${DOMAIN}/turns.ts`,
    find: 'else await this.#wait();',
    replace: 'else void this.#wait();',
    suites: [`${DOMAIN}/turns.spec.ts`],
  },
  {
    name: 'packages that a restart needs are thrown away first',
    file: `${STORE}/package-cache.ts`,
    find: '(inUse.has(digest) ? 1 : 0)',
    replace: '(inUse.has(digest) ? 0 : 1)',
    suites: CACHE,
  },
  {
    name: 'a download may be larger than allowed',
    file: `${STORE}/package-cache.ts`,
    find: 'if (this.#bytes > this.#bytesMax) throw',
    replace: 'if (bytes.length > this.#bytesMax) throw',
    suites: CACHE,
  },
  {
    name: 'the bytes of a raw tensor are not counted',
    file: `${RPC}/tensor-codec.ts`,
    find: 'if (raw.length !== expected) {',
    replace: 'if (raw.length < expected) {',
    suites: CODEC,
  },
  {
    name: 'typed values out of the range of their datatype are wrapped',
    file: `${RPC}/typed-elements.ts`,
    find: 'value < range[0] || value > range[1]',
    replace: 'value < range[0]',
    suites: CODEC,
  },
  {
    name: 'int64 of a request goes through a number',
    file: `${RPC}/typed-elements.ts`,
    find: 'return BigInt64Array.from(contents.int64_contents, BigInt);',
    replace: 'return BigInt64Array.from(contents.int64_contents, (text) => BigInt(Number(text)));',
    suites: CODEC,
  },
  {
    name: 'text that is not UTF-8 is replaced silently',
    file: `${RPC}/raw-elements.ts`,
    find: '{ fatal: true, ignoreBOM: true }',
    replace: '{ fatal: false, ignoreBOM: true }',
    suites: CODEC,
  },
  {
    name: 'the raw bytes of an unaligned tensor are read at the wrong place',
    file: `${RPC}/raw-elements.ts`,
    find: 'return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / width);',
    replace: 'return new array(aligned.buffer, 0, aligned.byteLength / width);',
    suites: CODEC,
  },
  {
    name: 'a call for another version is answered',
    file: `${RPC}/find-model.ts`,
    find: 'if (wanted !== undefined && wanted !== current.ref.version) {',
    replace: 'if (wanted !== undefined && wanted > current.ref.version) {',
    suites: [`${RPC}/find-model.spec.ts`],
  },
  {
    name: 'models of the default workspace answer everybody',
    file: `${RPC}/model-infer.ts`,
    find: 'readSlotKey(name, call.nameField, context.caller.workspace, defaultAlias, assigned)',
    replace: "readSlotKey(name, call.nameField, 'default', defaultAlias, assigned)",
    suites: [`${RPC}/model-infer.spec.ts`],
  },
  {
    name: 'a request may hold any number of elements',
    file: `${RPC}/tensor-codec.ts`,
    find: 'elements += count;',
    replace: 'elements = count;',
    suites: CODEC,
  },
  {
    name: 'a feature that is too old is fed to the model',
    file: `${SCORING}/feature-tensor.ts`,
    find: "(statuses[row] === 'PRESENT' ? 1 : 0)",
    replace: "(statuses[row] !== 'NOT_FOUND' ? 1 : 0)",
    suites: FEATURE_TENSOR,
  },
  {
    name: 'a missing feature is zero where the input has no missing value',
    file: `${SCORING}/feature-tensor.ts`,
    find: "  if (fault?.kind === 'missing') throw missing(place, fault.row);\n",
    replace: "  if (filled && fault?.kind === 'missing') return filled.tensor;\n",
    suites: FEATURE_TENSOR,
  },
  {
    name: 'an answer names another version than the one that made it',
    file: `${RPC}/predict.ts`,
    find: `  { predictor, metrics, nextPredictionId, log, verifier }: PredictDependencies,
  { ref, scorer }: ServedVersion,
  { message, key, request, assigned, predictionIds }: Question,
  context: CallContext,
  stages: StageClock,
): Promise<PredictResponse> {
  const { signal, deadlineMs, requestId, traceparent } = context;
  const call = { signal, deadlineMs, requestId, traceparent, stages };
  const prediction = await predictor.predict(scorer, request, call);
`,
    replace: `  { predictor, metrics, nextPredictionId, log, verifier, models }: PredictDependencies,
  { scorer }: ServedVersion,
  { message, key, request, assigned, predictionIds }: Question,
  context: CallContext,
  stages: StageClock,
): Promise<PredictResponse> {
  const { signal, deadlineMs, requestId, traceparent } = context;
  const call = { signal, deadlineMs, requestId, traceparent, stages };
  const prediction = await predictor.predict(scorer, request, call);
  const { ref } = findVersion(models, key, request.model, '', 'model');
`,
    suites: ['libs/serving/src/prediction-swap.spec.ts'],
  },
  {
    name: 'a stage that ran twice loses its first time',
    file: `${DOMAIN}/stages.ts`,
    find: 'this.#spent[this.#stage] += now',
    replace: 'this.#spent[this.#stage] = now',
    suites: [`${DOMAIN}/stages.spec.ts`],
  },
  {
    name: 'predictions that find no room are not counted as lost',
    file: `${DOMAIN}/prediction-log.ts`,
    find: 'return this.#drop(count);',
    replace: 'return;',
    suites: PREDICTION_LOG,
  },
  {
    name: 'predictions that the bus refuses are not counted as lost',
    file: `${DOMAIN}/prediction-log.ts`,
    find: '      this.#drop(rows);\n',
    replace: '',
    suites: PREDICTION_LOG,
  },
  {
    name: 'a null is taken for a key',
    file: `${DOMAIN}/prediction-rows.ts`,
    find: 'if (row >= 0) throw refuse(',
    replace: 'if (row > present.length) throw refuse(',
    suites: PREDICTION_ROWS,
  },
  {
    name: 'rows of different units are taken for one',
    file: `${DOMAIN}/row-units.ts`,
    find: 'const value = values[row];',
    replace: 'const value = values[0];',
    suites: [`${DOMAIN}/row-units.spec.ts`],
  },
  {
    name: 'an assignment of another workspace is taken',
    file: `${DOMAIN}/call-assignments.ts`,
    find: 'if (each.workspace !== workspace) {',
    replace: "if (each.workspace === '') {",
    suites: ASSIGNMENTS,
  },
  {
    name: 'rows go to a deployment that the router gave to others',
    file: `${DOMAIN}/call-assignments.ts`,
    find: "    ['deployment', nameOf(each.deployment), nameOf(first.deployment)],\n",
    replace: '',
    suites: ASSIGNMENTS,
  },
  {
    name: 'the model of a call and that of its assignments may differ',
    file: `${RPC}/assigned-call.ts`,
    find: 'if (key.model === model && key.alias === alias) return key;',
    replace: 'if (key.model === model || key.alias === alias) return key;',
    suites: ASSIGNMENTS,
  },
  {
    name: 'a version is scored twice for a call',
    file: `${DOMAIN}/shadow-scorer.ts`,
    find: 'known.get(ref.digest) ?? (await',
    replace: '(await',
    suites: SHADOWS,
  },
  {
    name: 'a shadow whose model fails takes the call out of the log',
    file: `${DOMAIN}/shadow-scorer.ts`,
    find: "      log.debug({ err: error, ...key, rows }, 'a shadow could not score');\n      return undefined;",
    replace: '      throw error;',
    suites: SHADOWS,
  },
  {
    name: 'shadows that find no room are not counted as lost',
    file: `${DOMAIN}/shadow-scorer.ts`,
    find: '    metrics.dropped(rowsOf(shadowed) * shadowed.shadows.length);\n',
    replace: '',
    suites: [`${DOMAIN}/shadow-scorer.spec.ts`],
  },
  {
    name: 'a given feature is fetched over',
    file: `${DOMAIN}/predictor.ts`,
    find: 'plan.storeFeatures.filter((name) => !columns.has(name))',
    replace: 'plan.storeFeatures',
    suites: ['libs/serving/src/given-features.spec.ts'],
  },
  {
    name: 'half of a call is left out when its event is split',
    file: `${RPC}/prediction-sink.ts`,
    find: '[[sliceCall(first, 0, middle)], [sliceCall(first, middle, rows)]]',
    replace: '[[sliceCall(first, 0, middle)]]',
    suites: [`${RPC}/prediction-sink.spec.ts`],
  },
  {
    name: 'predictions of two workspaces go out in one event',
    file: `${RPC}/prediction-sink.ts`,
    find: '`${workspace}/${model}`',
    replace: '`${workspace === undefined}/${model}`',
    suites: [`${RPC}/prediction-sink.spec.ts`],
  },
];
