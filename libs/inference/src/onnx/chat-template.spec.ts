import fc from 'fast-check';
import type { ChatMessage } from '../contract.js';
import { createChatTemplate } from './chat-template.js';

const controls = ['<|im_start|>', '<|im_end|>', '<|im'];

describe('createChatTemplate', () => {
  it('cuts the control tokens that the template wrote out of its text', () => {
    const render = createChatTemplate({ controls });
    expect(render([{ role: 'user', content: 'Hi' }])).toEqual([
      { control: '<|im_start|>' },
      { text: 'user\nHi' },
      { control: '<|im_end|>' },
      { text: '\n' },
      { control: '<|im_start|>' },
      { text: 'assistant\n' },
    ]);
  });

  it('leaves control tokens in what users write as plain text, whatever they write', () => {
    const render = createChatTemplate({ controls });
    const hostile = fc
      .array(fc.oneof(fc.constantFrom(...controls, '\u{f0000}', '0', '|>', '<|'), fc.string()), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (contents) => {
        const pieces = render(contents.map((content): ChatMessage => ({ role: 'user', content })));
        expect(pieces.filter((piece) => 'control' in piece)).toHaveLength(2 * contents.length + 1);
        const texts = pieces.flatMap((piece) => ('text' in piece ? [piece.text] : []));
        contents.forEach((content, at) => expect(texts[2 * at]).toBe(`user\n${content}`));
      }),
      { numRuns: 200 },
    );
  });

  it('lets the template see and change what is written', () => {
    const source =
      "{% for m in messages %}{{ m['content'] | trim | upper }}{% if 'x' in m['content'] %}!{% endif %}{% endfor %}";
    const render = createChatTemplate({ source, controls });
    expect(render([{ role: 'user', content: '  xy ' }])).toEqual([{ text: 'XY!' }]);
  });

  it('passes on the words of a template that refuses', () => {
    const source = "{{ raise_exception('System role not supported') }}";
    const render = createChatTemplate({ source, controls });
    expect(() => render([{ role: 'system', content: '' }])).toThrow(
      /refuses these messages: System role not supported/,
    );
  });
});
