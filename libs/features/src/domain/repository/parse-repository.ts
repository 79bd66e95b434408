import { canonicalJson, InvalidArgumentError } from '@slipway/kernel';
import type { z } from 'zod';
import { contractDocument, type ContractDocument } from './odcs-document.ts';
import { FEATURES_API_VERSION, repositoryDocument, type RepositoryDocument } from './document-schema.ts';
import type { FeatureRepository, RepositoryFile } from './feature-repository.ts';
import { linkRepository } from './link-repository.ts';
import { Problems } from './problems.ts';
import { sha256Of } from './digest.ts';
import { readYamlFile, type ReadFile, type YamlFile } from './yaml-file.ts';

/** Of all files together; each of them has at most 1 MiB. */
export const REPOSITORY_BYTES_MAX = 3 * 1024 * 1024;

/** Digest of the files: their paths and contents, in whatever order they came. */
export const digestOfFiles = (files: readonly RepositoryFile[]): string =>
  sha256Of(canonicalJson(Object.fromEntries(files.map(({ path, content }) => [path, content]))));

/**
 * Reads and links the files of a repository.
 * @throws {InvalidArgumentError} reason REPOSITORY_INVALID with every problem: file, line, column and field.
 */
export function parseRepository(files: readonly RepositoryFile[]): FeatureRepository {
  assertFiles(files);
  const problems = new Problems();
  const repositories: ReadFile<RepositoryDocument>[] = [];
  const contracts: ReadFile<ContractDocument>[] = [];
  for (const [index, source] of files.entries()) {
    const file = readYamlFile(source, index, problems);
    if (!file) continue;
    const kind = kindOf(file.data);
    if (kind === 'FeatureRepository') keep(file, repositoryDocument, repositories, problems);
    else if (kind === 'DataContract') keep(file, contractDocument, contracts, problems);
    else {
      const wanted = `must be FeatureRepository (of ${FEATURES_API_VERSION}) or DataContract (of the Open Data Contract Standard 3)`;
      file.problem(problems, kind === undefined ? [] : ['kind'], kind === undefined ? `kind ${wanted}` : wanted);
    }
  }
  const repository = linkRepository(repositories, contracts, problems);
  problems.throwIfAny();
  return repository;
}

function assertFiles(files: readonly RepositoryFile[]): void {
  const refuse = (field: string, description: string): never => {
    throw InvalidArgumentError.of(field, description, { reason: 'REPOSITORY_INVALID' });
  };
  if (files.length === 0) refuse('files', 'a repository has at least one file');
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes > REPOSITORY_BYTES_MAX) refuse('files', `hold ${bytes} bytes; at most ${REPOSITORY_BYTES_MAX} together`);
  const seen = new Set<string>();
  for (const [index, { path, content }] of files.entries()) {
    if (seen.has(path)) refuse(`files[${index}].path`, `'${path}' is there twice`);
    if (content.includes('\0')) refuse(`files[${index}].content`, 'is not text');
    seen.add(path);
  }
}

const kindOf = (data: unknown): string | undefined =>
  typeof data === 'object' && data !== null && 'kind' in data && typeof data.kind === 'string' ? data.kind : undefined;

function keep<Document>(
  file: YamlFile,
  schema: z.ZodType<Document>,
  into: ReadFile<Document>[],
  problems: Problems,
): void {
  const parsed = schema.safeParse(file.data);
  if (parsed.success) into.push({ file, document: parsed.data });
  else for (const issue of parsed.error.issues) addIssue(file, issue, problems);
}

function addIssue(file: YamlFile, issue: z.core.$ZodIssue, problems: Problems): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) file.problem(problems, issue.path, 'is not known here', key);
    return;
  }
  file.problem(problems, issue.path, issue.message);
}
