import type { JsonValue } from '@slipway/kernel';
import { parseTemplate, TemplateError, textsOf, type Expression } from '../expression/template.ts';
import { didYouMean } from '../near-names.ts';
import { parameterProblem } from '../parameters.ts';
import { inFile, type StepShapes } from '../step-kind.ts';
import { cronProblem } from '../triggers/cron.ts';
import type { PipelineDocument } from './document-schema.ts';
import { addIssues } from './issues.ts';
import type { YamlDocument } from './yaml-document.ts';

/** What a pipeline may name that is not in its file. */
export interface PipelineVocabulary {
  readonly kinds: StepShapes;
  /** Types of events that begin runs, with the fields of their payloads. */
  readonly events: ReadonlyMap<string, readonly string[]>;
}

type Step = PipelineDocument['steps'][number];
type Path = readonly PropertyKey[];
/** What a tick of a schedule can be asked for. */
const TICK_FIELDS = ['day', 'time'];

/** Checks what one part of a file says about another. @returns the steps, each after those it needs. */
export function linkPipeline(
  file: YamlDocument,
  document: PipelineDocument,
  vocabulary: PipelineVocabulary,
): readonly Step[] {
  assertUnique(file, document);
  for (const [index, { type, default: preset }] of document.parameters.entries()) {
    const problem = preset === undefined ? undefined : parameterProblem(type, preset);
    if (problem !== undefined) file.problem(['parameters', index, 'default'], problem);
  }
  const ordered = orderSteps(file, document.steps);
  const before = ancestorsOf(ordered);
  for (const [index, step] of document.steps.entries()) {
    checkStep(file, document, { step, index, before: before.get(step.name) ?? new Set() }, vocabulary);
  }
  for (const index of document.triggers.keys()) checkTrigger(file, document, index, vocabulary);
  return ordered;
}

function assertUnique(file: YamlDocument, document: PipelineDocument): void {
  for (const part of ['parameters', 'steps', 'triggers'] as const) {
    const seen = new Set<string>();
    for (const [index, { name }] of document[part].entries()) {
      if (seen.has(name)) file.problem([part, index, 'name'], `'${name}' is there twice`);
      seen.add(name);
    }
  }
}

/** Each after those it needs; steps that stand in no order keep that of the file. */
function orderSteps(file: YamlDocument, steps: readonly Step[]): readonly Step[] {
  const names = steps.map(({ name }) => name);
  for (const [index, { name, needs }] of steps.entries()) {
    for (const [at, need] of needs.entries()) {
      const path = ['steps', index, 'needs', at];
      if (need === name) file.problem(path, 'a step cannot wait for itself');
      else if (!names.includes(need)) file.problem(path, `there is no step '${need}'${didYouMean(need, names)}`);
    }
  }
  const known = new Set(names);
  const [ordered, done] = [[] as Step[], new Set<string>()];
  for (let left = [...steps]; left.length > 0;) {
    const ready = left.filter(({ name, needs }) =>
      needs.every((need) => done.has(need) || !known.has(need) || need === name),
    );
    if (ready.length === 0) {
      const circle = left.map(({ name }) => `'${name}'`).join(', ');
      const index = steps.findIndex(({ name }) => name === left[0]?.name);
      file.problem(['steps', index, 'needs'], `steps wait for each other in a circle: ${circle}`);
      return steps;
    }
    for (const step of ready) done.add(step.name);
    ordered.push(...ready);
    left = left.filter(({ name }) => !done.has(name));
  }
  return ordered;
}

/** What a step waits for, directly or not. @param steps each after those it needs. */
function ancestorsOf(steps: readonly Step[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const { name, needs } of steps) {
    found.set(name, new Set(needs.flatMap((need) => [need, ...(found.get(need) ?? [])])));
  }
  return found;
}

interface PlacedStep {
  readonly step: Step;
  readonly index: number;
  readonly before: ReadonlySet<string>;
}

function checkStep(
  file: YamlDocument,
  document: PipelineDocument,
  { step, index, before }: PlacedStep,
  { kinds }: PipelineVocabulary,
): void {
  const shape = kinds.get(step.kind);
  if (!shape) {
    const known = [...kinds.keys()];
    const hint = didYouMean(step.kind, known) || `; use one of ${known.join(', ')}`;
    file.problem(['steps', index, 'kind'], `there is no kind '${step.kind}'${hint}`);
    return;
  }
  const parsed = shape.schema(inFile).safeParse(step.with);
  if (!parsed.success) addIssues(file, parsed.error.issues, ['steps', index, 'with']);
  const byName = new Map(document.steps.map((each) => [each.name, each]));
  checkTexts(file, step.with, ['steps', index, 'with'], (expression) => {
    const [root, name = '', field] = expression.path;
    if (root === 'parameters') return parameterReference(document, expression);
    if (root !== 'steps') return `'${root}' is not known here; use 'parameters' or 'steps'`;
    if (field === undefined || expression.path.length > 3) return "must be 'steps', a step and a field of its result";
    const other = byName.get(name);
    if (!other) return `there is no step '${name}'${didYouMean(name, [...byName.keys()])}`;
    if (!before.has(name)) return `'${name}' is not before '${step.name}'; add it to its needs`;
    const results = kinds.get(other.kind)?.results;
    if (!results || results.includes(field)) return undefined;
    return `a step of kind '${other.kind}' has no '${field}', but ${results.join(', ')}${didYouMean(field, results)}`;
  });
}

function parameterReference({ parameters }: PipelineDocument, { path }: Expression): string | undefined {
  const [, name = ''] = path;
  const names = parameters.map((each) => each.name);
  if (path.length > 2) return "must be 'parameters' and a name";
  return names.includes(name) ? undefined : `there is no parameter '${name}'${didYouMean(name, names)}`;
}

function checkTexts(
  file: YamlDocument,
  value: JsonValue,
  base: Path,
  problemOf: (expression: Expression) => string | undefined,
): void {
  for (const { text, path } of textsOf(value)) {
    try {
      for (const part of parseTemplate(text)) {
        const problem = typeof part === 'string' ? undefined : problemOf(part);
        if (problem !== undefined) file.problem([...base, ...path], problem);
      }
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      file.problem([...base, ...path], error.message);
    }
  }
}

function checkTrigger(
  file: YamlDocument,
  document: PipelineDocument,
  index: number,
  { events }: PipelineVocabulary,
): void {
  const trigger = document.triggers[index];
  if (!trigger) return;
  const at = (...path: string[]): Path => ['triggers', index, ...path];
  const isEvent = 'event' in trigger;
  const fields = isEvent ? events.get(trigger.event) : TICK_FIELDS;
  if (isEvent) {
    const types = [...events.keys()];
    if (!fields)
      file.problem(
        at('event'),
        `begins no runs${didYouMean(trigger.event, types) || `; use one of ${types.join(', ')}`}`,
      );
    for (const field of Object.keys(trigger.where)) {
      if (fields?.includes(field) === false)
        file.problem(at('where'), `the event has no field '${field}'${didYouMean(field, fields)}`, field);
    }
  } else {
    const problem = cronProblem(trigger.cron);
    if (problem !== undefined) file.problem(at('cron'), problem);
  }
  checkTriggerParameters(file, document, index, { root: isEvent ? 'event' : 'tick', fields });
}

function checkTriggerParameters(
  file: YamlDocument,
  document: PipelineDocument,
  index: number,
  { root, fields }: { readonly root: string; readonly fields: readonly string[] | undefined },
): void {
  const given = document.triggers[index]?.parameters ?? {};
  const path: Path = ['triggers', index, 'parameters'];
  const names = document.parameters.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      file.problem(path, `the pipeline has no parameter '${name}'${didYouMean(name, names)}`, name);
  }
  for (const { name, default: preset } of document.parameters) {
    if (preset === undefined && given[name] === undefined)
      file.problem(path.slice(0, 2), `parameter '${name}' has no default; name it under 'parameters' of the trigger`);
  }
  checkTexts(file, given, path, ({ path: reference }) => {
    const [first, field = ''] = reference;
    if (first !== root || reference.length !== 2) return `only '${root}' and a field of it is known here`;
    return fields?.includes(field) === false ? `'${root}' has no '${field}'${didYouMean(field, fields)}` : undefined;
  });
}
