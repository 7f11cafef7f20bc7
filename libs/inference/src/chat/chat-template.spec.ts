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

  it('shows the template control tokens in messages as they were written, and keeps them plain text', () => {
    const source =
      "{% for m in messages %}{{ '<think>' }}{{ m.content.split('</think>')[-1].lstrip('\\n') }}|{{ m.content|length }}" +
      "{% if m.content.startswith('<think>') and '</think>' in m.content %}!{% endif %}{% endfor %}";
    const render = createChatTemplate({ source, controls: ['<think>', '</think>'] });
    const content = '<think>plan</think>\n\nok<think>';
    expect(render([{ role: 'user', content }])).toEqual([
      { control: '<think>' },
      { text: `ok<think>|${content.length}!` },
    ]);
  });

  it('cuts, compares and replaces as on bare text, and takes no control token from it', () => {
    const source =
      "{% set c = messages[0].content %}{{ [c.split('<|im'), c == '<|im', c[:3] == '<|i', c.replace('|>', '!'), " +
      "'<|' in c, c.endswith('|>'), c|length] | tojson }}";
    const render = createChatTemplate({ source, controls });
    const part = fc.constantFrom(...controls, '<', '|', '>', '|>', 'a', ' ', '\u{e000}', '\u{e001}');
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
        (c) => {
          const [piece, ...rest] = render([{ role: 'user', content: c }]);
          const text = piece && 'text' in piece ? piece.text : '';
          expect(JSON.parse(text)).toEqual([
            ...[c.split('<|im'), c === '<|im', c.startsWith('<|i'), c.replaceAll('|>', '!')],
            ...[c.includes('<|'), c.endsWith('|>'), c.length],
          ]);
          expect(rest).toEqual([]);
        },
      ),
    );
  });

  it.each([
    ["{{ nope|d('a') }}", 'a'],
    ["{{ '{}-{}'.format(1, 'b') }}", '1-b'],
    ["{{ '%s %02d' % ('a', 1) }}", 'a 01'],
    ["{{ ['a', 'b']|map('upper')|join }}", 'AB'],
    ["{{ messages|selectattr('role', 'in', ['user'])|list|length }}", '1'],
    ["{% for m in [1, 2, 3] %}{{ loop.cycle('a', 'b') }}{% endfor %}", 'aba'],
    ['{% raw %}{{ x }}{% endraw %}', '{{ x }}'],
    ['{%+ if true %}x{% endif %}', 'x'],
    ['{% if true %}\r\na\r\nb{% endif %}', 'a\nb'],
  ])('renders %j', (source, text) => {
    const render = createChatTemplate({ source, controls });
    expect(render([{ role: 'user', content: 'Hi' }])).toEqual([{ text }]);
  });

  it.each(['{{ .System }}', '{{ nope | unheard_of }}'])('takes ChatML, with a warning, in place of %j', (source) => {
    const warnings: string[] = [];
    const render = createChatTemplate({ source, controls, onWarning: (message) => warnings.push(message) });
    expect(render([{ role: 'user', content: 'Hi' }])[0]).toEqual({ control: '<|im_start|>' });
    expect(warnings).toEqual([expect.stringMatching(/^The chat template can't be used, ChatML takes its place: ./)]);
  });

  it('warns that there is no template, and not of one that can be used', () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    createChatTemplate({ source: "{{ raise_exception('No.') }}", controls, onWarning });
    expect(warnings).toEqual([]);
    for (const source of [undefined, '', ' \n']) {
      const render = createChatTemplate({ source, controls, onWarning });
      expect(render([{ role: 'user', content: 'Hi' }])).toContainEqual({ text: 'user\nHi' });
      expect(warnings.splice(0)).toEqual(['There is no chat template: ChatML takes its place.']);
    }
  });
});
