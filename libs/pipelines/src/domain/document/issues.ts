import type { z } from 'zod';
import { didYouMean } from '../near-names.ts';
import type { YamlDocument } from './yaml-document.ts';

/** What a schema says of a part of a file, as problems of it. */
export function addIssues(
  file: YamlDocument,
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[] = [],
  known: readonly string[] = [],
): void {
  for (const issue of issues) {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) file.problem(path, `is not known here${didYouMean(key, known)}`, key);
    } else if (issue.code === 'invalid_union') {
      // of a value that may also be an expression the second branch says what it must be otherwise
      const meant = issue.errors.at(-1) ?? [];
      if (meant.length === 0) file.problem(path, issue.message);
      else addIssues(file, meant, path, known);
    } else file.problem(path, issue.message);
  }
}
