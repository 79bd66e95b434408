import { describe, expect, it } from 'vitest';
import { onnxFileOf } from './ml-model.ts';

const ml = (onnx: string): string =>
  `artifact_path: model\nflavors:\n  onnx:\n    data: ${onnx}\n    onnx_version: 1.22.0\n`;

describe('MLmodel', () => {
  it('names the file of the flavour onnx', () => {
    expect(onnxFileOf(ml('model.onnx'))).toBe('model.onnx');
    expect(onnxFileOf(ml('"dir/a b.onnx"'))).toBe('dir/a b.onnx');
  });

  it.each([
    ['another flavour', 'flavors:\n  sklearn:\n    pickled_model: model.pkl\n'],
    ['no YAML', 'flavors: [\n'],
    ['a list', '- flavors\n'],
    ['a tag', ml('!!js/function "function () {}"')],
    ['a tag of Python', ml('!!python/object/apply:os.system ["id"]')],
    ['an alias', 'a: &a model.onnx\nflavors:\n  onnx:\n    data: *a\n'],
    ['a number', ml('1')],
    ['twice the same key', 'flavors: {onnx: {data: a, data: b}}\n'],
    ['a prototype', 'flavors:\n  __proto__:\n    onnx:\n      data: x\n'],
    ['nothing', ''],
  ])('finds none in %s', (_, text) => {
    expect(onnxFileOf(text)).toBeUndefined();
  });
});
