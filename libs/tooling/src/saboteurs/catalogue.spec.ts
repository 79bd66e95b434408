import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SABOTEURS } from './catalogue.ts';

const ROOT = join(import.meta.dirname, '../../../..');

describe('the catalogue of saboteurs', () => {
  it('names each of them once', () => {
    const names = SABOTEURS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
  it.each(SABOTEURS.map((saboteur) => [saboteur.name, saboteur] as const))('can do its work: %s', (_, saboteur) => {
    const { file, find, replace, suites } = saboteur;
    expect(readFileSync(join(ROOT, file), 'utf8').split(find).length - 1).toBe(1);
    expect(replace).not.toBe(find);
    expect(suites.filter((suite) => !existsSync(join(ROOT, suite)))).toEqual([]);
  });
});
