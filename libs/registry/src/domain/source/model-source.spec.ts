import { describe, expect, it } from 'vitest';
import { readModelSource } from './model-source.ts';

describe('sources of versions', () => {
  it('reads what clients of MLflow write', () => {
    expect(readModelSource('mlflow-artifacts:/1/0a/artifacts/model')).toEqual({
      kind: 'artifacts',
      owner: { location: '1/0a/artifacts/model' },
      path: '',
    });
    expect(readModelSource('runs:/0a1b/été/model')).toEqual({
      kind: 'artifacts',
      owner: { runId: '0a1b' },
      path: 'été/model',
    });
    expect(readModelSource('models:/m-12ab')).toEqual({ kind: 'artifacts', owner: { modelId: 'm-12ab' }, path: '' });
    expect(readModelSource('models:/m-12ab//onnx/')).toMatchObject({ owner: { modelId: 'm-12ab' }, path: 'onnx' });
    expect(readModelSource('models:/a b/12')).toEqual({ kind: 'version', model: 'a b', version: 12n });
    expect(readModelSource('models:/a b@champion')).toEqual({ kind: 'alias', model: 'a b', alias: 'champion' });
  });

  it.each([
    's3://bucket/a//b/....',
    'gs://bucket/model',
    'abfss://c@a.dfs.core.windows.net/m',
    'dbfs:/m',
    'https://host/m?x=1',
    'mlflow-artifacts://other.host:5000/1/0a/artifacts',
    's3://bucket/100%25',
  ])('only writes %j down', (source) => {
    expect(readModelSource(source)).toEqual({ kind: 'foreign' });
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '//etc',
    '///etc',
    'etc/passwd',
    '.',
    '~/.ssh',
    'C:/windows',
    'c:\\windows',
    'file:/etc',
    'file:///etc',
    'FILE:///etc',
    'FiLe:etc',
    'file://localhost/etc',
    'file+x:///etc',
    'ﬁle:///etc',
    '%66ile:///etc',
    '%2566ile:///etc',
    'file%3A///etc',
    'file%253A%2F%2Fetc',
    ' file:///etc',
    'file:///etc ',
    '\tfile:///etc',
    'fi\u200ble:///etc',
    'jar:file:///etc',
    'local:/etc',
    'http://host/../../etc',
    'http:///#/../../etc/',
    'http://host/?/../..',
    'http://host/;../../etc',
    'http://host/a?b=..',
    's3://bucket/%2e%2e/x',
    's3://bucket/%252e%252e%252fx',
    's3://bucket/..%5c..%5cf',
    's3://bucket/\\..\\..\\f',
    's3://bucket/.%2e/x',
    's3://bucket/a\0b',
    's3://bucket/a%00b',
    's3://bucket/a%0ab',
    's3://bucket/\ud800',
    's3://bucket/．．/x',
    'mlflow-artifacts:/1/../2',
    'mlflow-artifacts:/1/%2e%2e/2',
    'mlflow-artifacts:/',
    'mlflow-artifacts:/1/a%2fb',
    'runs:/../x',
    'runs:/a b/x',
    'runs:/',
    'runs:/0a/..',
    'models:/',
    'models:/a/latest',
    'models:/a/0',
    'models:/a/1/x',
    'models:/a@b/1/2',
    `s3://b/${'%25'.repeat(1)}${'25'.repeat(20)}2e`,
  ])('refuses %j', (source) => {
    expect(() => readModelSource(source)).toThrow(expect.objectContaining({ reason: 'SOURCE_INVALID' }) as Error);
  });
});
