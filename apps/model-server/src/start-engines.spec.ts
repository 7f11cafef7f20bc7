import { engineLog } from './start-engines.js';
import type { Log } from './start-engines.js';

describe('engineLog', () => {
  it("warns once of each thing that a model's file says wrongly, also when the engine is started again", () => {
    const lines: unknown[][] = [];
    const log: Log = (...line) => lines.push(line);
    const tell = engineLog(log, { id: 'mine', path: '/models/My Model.gguf' });
    for (const message of ['One is wrong.', 'Two is wrong.', 'One is wrong.']) tell({ type: 'warning', message });

    const facts = { model: 'mine', file: 'My Model.gguf' };
    expect(lines).toEqual([
      ['warn', 'One is wrong.', facts],
      ['warn', 'Two is wrong.', facts],
    ]);
  });

  it('keeps what a file says on one line of bounded length', () => {
    const messages: string[] = [];
    const tell = engineLog((_, message) => messages.push(message), { id: 'mine', path: 'mine.gguf' });
    tell({ type: 'warning', message: `\u001b[2J"a\r\n\u2028b\u202e\u009bc"${'x'.repeat(1000)}` });

    expect(messages[0]).toMatch(/^ \[2J"a b c"x+$/);
    expect(messages[0]).toHaveLength(500);
  });
});
