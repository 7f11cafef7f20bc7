import { Writable } from 'node:stream';
import { createLogger } from './logger.js';
import { lossyStream } from './lossy-stream.js';

describe('A stream that may lose lines', () => {
  it('passes lines on', () => {
    const lines: string[] = [];
    const target = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
    const stream = lossyStream(target);
    stream.write('one\n');
    stream.write('two\n');
    expect(lines).toEqual(['one\n', 'two\n']);
  });

  it.each([
    ['fails later', (done: (error: Error) => void) => setImmediate(() => done(new Error('EPIPE')))],
    ['fails at once', (done: (error: Error) => void) => done(new Error('ENOSPC'))],
    [
      'throws',
      () => {
        throw new Error('ENOSPC');
      },
    ],
  ])('outlives a target that %s', async (_how, fail) => {
    const target = new Writable({ autoDestroy: false, write: (_chunk, _encoding, done) => fail(done) });
    const log = createLogger({ format: 'json', stream: target });
    for (let line = 0; line < 3; line++) {
      log.info('nobody reads this');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(target.listenerCount('error')).toBe(1);
  });

  it('listens to the errors of a target once, however many streams are before it', () => {
    const target = new Writable({ write: (_chunk, _encoding, done) => done() });
    for (let stream = 0; stream < 20; stream++) lossyStream(target);
    expect(target.listenerCount('error')).toBe(1);
  });
});
