import fc from 'fast-check';
import { TextAssembler } from './text-assembler.js';

describe('TextAssembler', () => {
  it('holds the bytes of a character until it is whole', () => {
    const assembler = new TextAssembler();
    const bytes = new TextEncoder().encode('é👋');
    expect([...bytes].map((byte) => assembler.push(Uint8Array.of(byte)).text)).toEqual(['', 'é', '', '', '', '👋']);
    expect(assembler.flush()).toEqual({ text: '', stopped: false });
  });

  it('says U+FFFD only when bytes cannot become a character any more', () => {
    const assembler = new TextAssembler();
    expect(assembler.push(Uint8Array.of(0xf0, 0x9f)).text).toBe('');
    expect(assembler.push(Uint8Array.of(0x41)).text).toBe('\ufffdA');
    expect(assembler.push(Uint8Array.of(0xff)).text).toBe('\ufffd');
    expect(assembler.push(Uint8Array.of(0xe2)).text).toBe('');
    expect(assembler.flush().text).toBe('\ufffd');
  });

  it('keeps a byte order mark, which a model may well write', () => {
    expect(new TextAssembler().push(new TextEncoder().encode('\ufeffa')).text).toBe('\ufeffa');
  });

  it('holds back what may become a stop text, and gives it out when it does not', () => {
    const assembler = new TextAssembler(['###', '\nUser:']);
    expect(push(assembler, 'Hi #')).toEqual({ text: 'Hi ', stopped: false });
    expect(push(assembler, '#')).toEqual({ text: '', stopped: false });
    expect(push(assembler, ' ok\nUs')).toEqual({ text: '## ok', stopped: false });
    expect(push(assembler, 'er: no')).toEqual({ text: '', stopped: true });
    expect(push(assembler, 'more')).toEqual({ text: '', stopped: true });
    expect(assembler.flush()).toEqual({ text: '', stopped: true });
  });

  it('gives out at the end what was held back', () => {
    const assembler = new TextAssembler(['STOP']);
    expect(push(assembler, 'a STO').text).toBe('a ');
    expect(assembler.flush()).toEqual({ text: 'STO', stopped: false });
  });

  it('ends at the stop text that is completed first, whatever the pieces', () => {
    for (const pieces of [['abcd'], ['a', 'bc', 'd'], ['ab', 'cd']]) {
      const assembler = new TextAssembler(['abcd', 'bc', 'c', '']);
      expect(pieces.map((piece) => push(assembler, piece).text).join('')).toBe('a');
    }
  });

  it('says the same for any split into tokens, which is the whole text up to the first stop text', () => {
    fc.assert(
      fc.property(anyBytes, anyStops, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (bytes, stops, lengths) => {
        const assembler = new TextAssembler(stops);
        let text = '';
        let stopped = false;
        for (let at = 0; at < bytes.length && !stopped;) {
          const length = lengths.next().value ?? 1;
          const piece = assembler.push(bytes.subarray(at, at + length));
          at += length;
          text += piece.text;
          stopped = piece.stopped;
        }
        text += assembler.flush().text;
        expect(text).toBe(cutNaively(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), stops));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Small alphabets, so that stop texts occur, overlap and nearly occur. */
const anyText = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '👋', '👍'), maxLength: 24 });
const anyStops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '👋', '\ufffd'), maxLength: 4 }), {
  maxLength: 3,
});
const anyBytes = fc.oneof(
  anyText.map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 24 }),
  fc
    .array(fc.constantFrom(0x61, 0x62, 0xc3, 0xa9, 0xf0, 0x9f, 0x91, 0x8b, 0xff), { maxLength: 24 })
    .map((bytes) => Uint8Array.from(bytes)),
);

function push(assembler: TextAssembler, text: string): { text: string; stopped: boolean } {
  return assembler.push(new TextEncoder().encode(text));
}

/** Looks at every end, the first one first. */
function cutNaively(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end += 1) {
    const lengths = stops
      .filter((stop) => stop !== '' && text.slice(0, end).endsWith(stop))
      .map(({ length }) => length);
    if (lengths.length > 0) return text.slice(0, end - Math.max(...lengths));
  }
  return text;
}
