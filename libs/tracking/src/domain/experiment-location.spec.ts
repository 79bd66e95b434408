import { describe, expect, it } from 'vitest';
import { belowLocation, readArtifactLocation } from './experiment-location.ts';

describe('the place of artifacts of an experiment', () => {
  it.each([
    ['s3://bucket/a', 's3://bucket/a'],
    ['S3://Bucket/A', 's3://Bucket/A'],
    ['mlflow-artifacts:/team/one', 'mlflow-artifacts:/team/one'],
    ['abfss://c@a.dfs.core.windows.net/a%20b', 'abfss://c@a.dfs.core.windows.net/a%20b'],
    ['https://host/p?x=1', 'https://host/p?x=1'],
    ['s3://bucket/a..b/...', 's3://bucket/a..b/...'],
  ])('may be %s', (text, expected) => {
    expect(readArtifactLocation(text)).toBe(expected);
  });

  it.each([
    '/etc',
    './a',
    'a/b',
    '//etc',
    'C:/Windows',
    'c:\\windows',
    'file:///etc',
    'FILE:/etc',
    'File://host/../etc',
    'runs:/1/a',
    'RUNS:/1',
    'models:/m/1',
    'http:///#/../../etc/',
    'http://host/%23/x',
    's3://b/a;p=1',
    's3://b/a%3bp',
    's3://b/../c',
    's3://b/%2e%2e/c',
    's3://b/%252e%252e%252fc',
    's3://b/a?x=/../..',
    's3://b/a?..',
    's3://b\\..\\c',
    's3://b/%5c..%5cc',
    's3://b/a\u0000',
    's3://b/%00',
    's3://b/%zz',
    's3://b/%ff',
    `s3://b/${'%25'.repeat(3)}2e`.replace('%25%25%25', `%${'25'.repeat(20)}`),
    's3:',
    's3:///',
    'mlflow-artifacts://host/x',
    'mlflow-artifacts:/',
    'mlflow-artifacts:/a//b',
    'mlflow-artifacts:/a?x=1',
    'mlflow-artifacts:a',
    `s3://b/${'a'.repeat(2_048)}`,
  ])('is not %j', (text) => {
    expect(() => readArtifactLocation(text)).toThrow(
      expect.objectContaining({ reason: 'ARTIFACT_LOCATION_INVALID' }) as Error,
    );
  });

  it('is followed by what is below it, before a query', () => {
    expect(belowLocation('s3://b/a/', 'r', 'artifacts')).toBe('s3://b/a/r/artifacts');
    expect(belowLocation('https://h/p?x=1', 'r')).toBe('https://h/p/r?x=1');
  });
});
