import type { PipelineSpec, Trigger } from '../pipeline.ts';
import { pipelineDocument, PIPELINE_API_VERSION, type PipelineDocument } from './document-schema.ts';
import { addIssues } from './issues.ts';
import { linkPipeline, type PipelineVocabulary } from './link-pipeline.ts';
import { Problems } from './problems.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';

/** Fields of a file, of its steps and of its triggers: what a wrong one is compared with. */
const FIELDS = [
  'apiVersion',
  'kind',
  'name',
  'description',
  'parameters',
  'steps',
  'triggers',
  'maxRunning',
  'type',
  'default',
  'needs',
  'with',
  'timeout',
  'attempts',
  'cron',
  'catchUp',
  'event',
  'where',
  'debounce',
  'coolDown',
];

/**
 * Reads a pipeline.
 * @throws {InvalidArgumentError} reason PIPELINE_INVALID with every problem: line, column and path.
 */
export function parsePipeline(content: string, vocabulary: PipelineVocabulary): PipelineSpec {
  const problems = new Problems();
  const file = readYaml(content, problems);
  const document = file && readDocument(file);
  const ordered = file && document ? linkPipeline(file, document, vocabulary) : [];
  problems.throwIfAny();
  if (!document) throw new Error('a file that cannot be read has a problem');
  return {
    name: document.name,
    description: document.description,
    maxRunning: document.maxRunning,
    parameters: document.parameters.map(({ name, type, default: preset }) => ({ name, type, default: preset })),
    steps: ordered.map(({ timeout, ...step }) => ({
      ...step,
      needs: [...new Set(step.needs)],
      timeoutMs: timeout ?? vocabulary.kinds.get(step.kind)?.timeoutMs ?? 0,
    })),
    triggers: document.triggers.map(toTrigger),
  };
}

function readDocument(file: YamlDocument): PipelineDocument | undefined {
  const { data } = file;
  const kind = typeof data === 'object' && data !== null && 'kind' in data ? data.kind : undefined;
  if (kind !== 'Pipeline') {
    const wanted = `must be Pipeline (of ${PIPELINE_API_VERSION})`;
    file.problem(kind === undefined ? [] : ['kind'], kind === undefined ? `kind ${wanted}` : wanted);
    return undefined;
  }
  const parsed = pipelineDocument.safeParse(data);
  if (parsed.success) return parsed.data;
  addIssues(file, parsed.error.issues, [], FIELDS);
  return undefined;
}

function toTrigger(trigger: PipelineDocument['triggers'][number]): Trigger {
  if ('cron' in trigger) return { kind: 'cron', ...trigger };
  const { debounce, coolDown, ...rest } = trigger;
  return { kind: 'event', ...rest, debounceMs: debounce, coolDownMs: coolDown };
}
