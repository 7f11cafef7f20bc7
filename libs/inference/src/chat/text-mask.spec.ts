import fc from 'fast-check';
import { createTextMasks } from './text-mask.js';

const controls = ['<|im_end|>', '[INST]', '<s>', 'stop'];
const createMask = createTextMasks(controls);
const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at)).join('');

describe('createTextMasks', () => {
  it('hides every control token, keeps places, and lifts what it hid', () => {
    const part = fc.oneof(fc.constantFrom(...controls, '\ue000', '\ue003', '\ud800'), fc.string({ unit: 'binary' }));
    const text = fc.array(part).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, text, (one, other) => {
        const mask = createMask([one, other]);
        const hidden = mask.hide(one);
        expect(hidden).toHaveLength(one.length);
        expect(controls.filter((control) => hidden.includes(control))).toEqual([]);
        expect(mask.lift(hidden)).toBe(one);
      }),
    );
  });

  it('marks with other characters when those for private use are taken, at any place of a long text', () => {
    const text = 'x'.repeat(500_000) + between(0xe000, 0xf8ff) + between(0x4e00, 0x9fff) + '<s>';
    const mask = createMask([text]);
    expect(mask.hide('<s>')).toMatch(/^[\uac00-\ud7a3]s[\uac00-\ud7a3]$/);
    expect(mask.lift(mask.hide(text))).toBe(text);
  });

  it('refuses texts that hold every character', () => {
    expect(() => createMask([between(0, 0x7fff), between(0x8000, 0xffff)])).toThrow(
      /none is left to mark them with; leave some out/,
    );
  });
});
