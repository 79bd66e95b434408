import { describe, expect, it } from 'vitest';
import { readModelName, readModelVersion } from './model-name.ts';

describe('model names', () => {
  it('reads a model with its default alias or a named one', () => {
    expect(readModelName('flights', 'w', 'champion')).toEqual({ workspace: 'w', model: 'flights', alias: 'champion' });
    expect(readModelName('Prévision (été) 2@next', 'w', 'champion')).toMatchObject({ model: 'Prévision (été) 2' });
    expect(readModelName('flights@next', 'w', 'champion')).toMatchObject({ model: 'flights', alias: 'next' });
  });

  it.each(['', '@', 'a@', '@b', 'a@b@c', '../x', 'a/b', 'a\0b', '__proto__', 'x'.repeat(201), 'e\u0301'])(
    'knows no %j',
    (name) => {
      expect(() => readModelName(name, 'w', 'champion')).toThrow(`Request for unknown model: '${name}' is not found`);
    },
  );

  it('shows a lone surrogate well-formed', () => {
    expect(() => readModelName('a\ud800', 'w', 'champion')).toThrow("'a\ufffd'");
  });
});

describe('model versions', () => {
  it('reads none and whole numbers above 0', () => {
    expect(readModelVersion('', 'model_version')).toBeUndefined();
    expect(readModelVersion('9007199254740993', 'model_version')).toBe(9007199254740993n);
  });

  it.each(['0', '-1', '1.5', '1e9', ' 1', 'latest', '99999999999999999999'])('refuses %j', (text) => {
    const message = `failed to get model version from specified version string '${text}', version should be an integer`;
    expect(() => readModelVersion(text, 'model_version')).toThrow(message);
  });
});
