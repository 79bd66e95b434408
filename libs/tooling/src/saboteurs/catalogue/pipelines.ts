import type { Saboteur } from '../saboteur.ts';

const PIPELINES = 'libs/pipelines/src';
const ENGINE = [`${PIPELINES}/domain/engine/engine.spec.ts`];
const TRIGGERS = [`${PIPELINES}/domain/triggers/triggers.spec.ts`];

/** Each step has its effect once, and none of them what a gate or a trigger holds back. */
export const PIPELINE_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a step that is begun again asks under another request id',
    file: `${PIPELINES}/domain/engine/run-driver.ts`,
    find: 'key: `${id}.${spec.name}`,',
    replace: 'key: `${id}.${spec.name}.${row.attempts}`,',
    suites: ENGINE,
  },
  {
    name: 'a process whose lease of a run is over still writes',
    file: `${PIPELINES}/store/pipeline-unit-of-work.ts`,
    find: 'id = ? and lease_owner = ? and epoch = ? and state',
    replace: "id = ? and ? <> '' and epoch >= ? and state",
    suites: [`${PIPELINES}/store/pipeline-store.spec.ts`],
  },
  {
    name: 'a trigger begins runs while it has to cool down',
    file: `${PIPELINES}/domain/triggers/hold-event.ts`,
    find: 'now < state.lastTime + micros(trigger.coolDownMs)',
    replace: 'now < state.lastTime',
    suites: TRIGGERS,
  },
  {
    name: 'a step passes a gate that refuses',
    file: `${PIPELINES}/steps/gate-kind.ts`,
    find: 'if (refused.length > 0) {',
    replace: 'if (refused.length > gates.length) {',
    suites: [`${PIPELINES}/steps/steps.spec.ts`],
  },
];
