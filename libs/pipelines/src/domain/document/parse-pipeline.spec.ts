import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '@slipway/kernel';
import { triggerFields } from '../../rpc/trigger-events.ts';
import { createStepKinds } from '../../steps/step-kinds.ts';
import { unusedStepParts } from '../../testing/unused-step-parts.ts';
import { parsePipeline } from './parse-pipeline.ts';

const vocabulary = { kinds: createStepKinds(unusedStepParts), events: triggerFields() };
const parse = (content: string) => parsePipeline(content, vocabulary);
const problemsOf = (content: string): readonly string[] => {
  try {
    parse(content);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).reason).toBe('PIPELINE_INVALID');
    return (error as InvalidArgumentError).violations.map(({ description }) => description);
  }
  throw new Error('it was not refused');
};
const HEAD = `apiVersion: slipway.pipeline/v1
kind: Pipeline
name: p
`;
const GATE = (more: string) => `${HEAD}parameters:
  - { name: model, default: flights }
steps:
  - name: gate
    kind: gate
    with: { model: '\${parameters.model}', version: '3', alias: champion }
${more}`;

describe('a pipeline file', () => {
  it('is read as the guide shows it', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../../../docs/pipelines.md'), 'utf8');
    const [, content = ''] = /```yaml\n(apiVersion: slipway\.pipeline\/v1[\s\S]*?)```/.exec(guide) ?? [];
    const spec = parse(content);
    expect(spec.name).toBe('retrain');
    expect(spec.steps.map(({ kind }) => kind)).toEqual([
      'validate',
      'training_set',
      'train',
      'gate',
      'approve',
      'deploy',
    ]);
    expect(spec.triggers.map(({ kind }) => kind)).toEqual(['event', 'cron']);
  });

  it('gets what it does not say', () => {
    expect(parse(GATE(''))).toMatchObject({
      description: '',
      maxRunning: 1,
      parameters: [{ name: 'model', type: 'string', default: 'flights' }],
      steps: [{ name: 'gate', needs: [], attempts: 3, timeoutMs: 600_000 }],
      triggers: [],
    });
  });

  it('orders steps after those they need', () => {
    const content = `${HEAD}steps:
  - { name: c, kind: gate, needs: [b, a], with: { model: m, version: 1, alias: x } }
  - { name: b, kind: gate, needs: [a], with: { model: m, version: 1, alias: x } }
  - { name: a, kind: gate, with: { model: m, version: 1, alias: x } }
`;
    expect(parse(content).steps.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it.each<[string, string, string]>([
    ['a kind that is nearly one', GATE('').replace('kind: gate', 'kind: gat'), "line 8, column 11 steps[0].kind: there is no kind 'gat'; did you mean 'gate'?"],
    ['a field that is not known', GATE('    timeot: 1h\n'), "line 10, column 5 steps[0].timeot: is not known here; did you mean 'timeout'?"],
    ['a field of a step that is not known', GATE('').replace('alias:', 'alais:'), 'steps[0].with.alais: is not known here'],
    ['a parameter that is not declared', GATE('').replace('parameters.model}', 'parameters.modle}'), "steps[0].with.model: there is no parameter 'modle'; did you mean 'model'?"],
    ['a duration that is none', GATE('    timeout: 1 hour\n'), 'steps[0].timeout: must be a duration'],
    ['a step that waits for itself', GATE('    needs: [gate]\n'), 'a step cannot wait for itself'],
    ['a need that is not there', GATE('    needs: [gats]\n'), "there is no step 'gats'; did you mean 'gate'?"],
    ['two steps of one name', GATE("  - { name: gate, kind: gate, with: { model: m, version: 1, alias: x } }\n"), "steps[1].name: 'gate' is there twice"],
    ['an expression that is none', GATE('').replace('${parameters.model}', '${1 + 1}'), 'is no expression'],
    ['a version that is none', GATE('').replace("'3'", "'three'"), 'must be the number of a version'],
    ['a schedule that is none', GATE("triggers:\n  - { name: t, cron: 'at noon' }\n"), 'triggers[0].cron: must be five fields'],
    ['a schedule that never comes', GATE("triggers:\n  - { name: t, cron: '0 0 31 2 *' }\n"), 'names a time that never comes'],
    ['seconds in a schedule', GATE("triggers:\n  - { name: t, cron: '* * * * * *' }\n"), 'must be five fields'],
    ['an event that is nearly one', GATE('triggers:\n  - { name: t, event: slipway.monitoring.drift.detectd.v1 }\n'), "did you mean 'slipway.monitoring.drift.detected.v1'?"],
    ['a field that the event has not', GATE('triggers:\n  - { name: t, event: slipway.monitoring.drift.detected.v1, where: { objectiv: x } }\n'), "triggers[0].where.objectiv: the event has no field 'objectiv'; did you mean 'objective'?"],
    ['a value that the event has not', GATE("triggers:\n  - { name: t, event: slipway.monitoring.drift.detected.v1, parameters: { model: '${event.dya}' } }\n"), "'event' has no 'dya'; did you mean 'day'?"],
    ['an event in a step', GATE('').replace('${parameters.model}', '${event.day}'), "'event' is not known here"],
    ['another version of the format', GATE('').replace('/v1', '/v2'), 'line 1, column 13 apiVersion'],
    ['another kind', GATE('').replace('Pipeline', 'Pipe'), 'kind: must be Pipeline'],
    ['no steps', HEAD, 'steps'],
    ['a key twice', `${HEAD}name: q\n`, 'Map keys must be unique'],
    ['no YAML', 'a: [', 'line 1'],
    ['a tag', `${HEAD}steps: !!js/function x\n`, 'line 4'],
    ['brackets without end', '['.repeat(100_000), 'nested more than 32'],
  ])('is refused with %s', (_, content, problem) => {
    expect(problemsOf(content).join('\n')).toContain(problem);
  }); // prettier-ignore

  it('is refused with steps that wait for each other in a circle', () => {
    const step = (name: string, need: string) =>
      `  - { name: ${name}, kind: gate, needs: [${need}], with: { model: m, version: 1, alias: x } }\n`;
    const [problem] = problemsOf(`${HEAD}steps:\n${step('a', 'c')}${step('b', 'a')}${step('c', 'b')}`);
    expect(problem).toBe("line 5, column 35 steps[0].needs: steps wait for each other in a circle: 'a', 'b', 'c'");
  });

  it('is refused with the result of a step that is not before, or that has no such result', () => {
    const more = (needs: string, version: string) =>
      GATE(
        `  - { name: move, kind: approve, needs: [${needs}], with: { model: m, version: '${version}', alias: x } }\n`,
      );
    expect(problemsOf(more('', '${steps.gate.version}'))[0]).toContain(
      "'gate' is not before 'move'; add it to its needs",
    );
    expect(problemsOf(more('gate', '${steps.gate.versoin}'))[0]).toContain(
      "a step of kind 'gate' has no 'versoin', but version, checks; did you mean 'version'?",
    );
    expect(parse(more('gate', '${steps.gate.version}')).steps).toHaveLength(2);
  });

  it('names every problem at once, and not more than a hundred', () => {
    const content = `${HEAD}steps:\n${Array.from({ length: 150 }, (_, index) => `  - { name: s${index}, kind: no }\n`).join('')}`;
    const problems = problemsOf(content);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe('and 50 more problems');
  });
});
