import { chooseEngine, preferEngine, withBothReasons, mayTryOnnx, withLlamaCppsReason } from './choose-engine.js';

const embedded = { embedded: true };
const file = { embedded: false };
const loads = () => Promise.resolve('a library');
const missing = "llama.cpp's libraries are not installed: npm install a-package@1";
const fails = () => Promise.reject(new Error(`${missing}.`));
const mustNotLoad = () => Promise.reject(new Error('llama.cpp was loaded'));

describe('chooseEngine', () => {
  it('runs a GGUF file on llama.cpp where its library loads', async () => {
    expect(await chooseEngine('auto', file, loads)).toEqual({ engine: 'llama.cpp', reason: 'a GGUF file' });
  });

  it('runs the embedded model on ONNX Runtime, without loading llama.cpp', async () => {
    const choice = { engine: 'onnx', reason: 'the embedded model' };
    expect(await chooseEngine('auto', embedded, mustNotLoad)).toEqual(choice);
  });

  it.each([embedded, file])('does as it is told for %j', async (model) => {
    expect(await chooseEngine('onnx', model, mustNotLoad)).toEqual({ engine: 'onnx', reason: '--engine onnx' });
    const choice = { engine: 'llama.cpp', reason: '--engine llama.cpp' };
    expect(await chooseEngine('llama.cpp', model, loads)).toEqual(choice);
  });

  it('gives a GGUF file to ONNX Runtime where llama.cpp does not load, and says why', async () => {
    expect(await chooseEngine('auto', file, fails)).toEqual({
      engine: 'onnx',
      reason: `llama.cpp can't be used: ${missing}`,
      unavailable: missing,
    });
  });

  it('takes no other engine than the one that was named', async () => {
    await expect(chooseEngine('llama.cpp', file, fails)).rejects.toThrow(missing);
    await expect(chooseEngine('llama.cpp', embedded, fails)).rejects.toThrow(missing);
  });

  it('prefers the same without looking', () => {
    expect(preferEngine('auto', file).engine).toBe('llama.cpp');
    expect(preferEngine('auto', embedded).engine).toBe('onnx');
    expect(preferEngine('llama.cpp', embedded).engine).toBe('llama.cpp');
  });
});

describe('withBothReasons', () => {
  const unknown = Object.assign(new Error("x.gguf: models of the kind 'mamba' are not supported"), {
    code: 'unsupported_architecture',
  });
  const fallback = { engine: 'onnx', reason: '', unavailable: missing } as const;

  it('puts both into one sentence when neither engine can do it', () => {
    const error = withBothReasons(unknown, fallback) as Error;
    expect(error.message).toBe(
      `x.gguf: models of the kind 'mamba' are not supported; llama.cpp, which runs more kinds of models, can't be used (${missing}).`,
    );
    expect(error).toMatchObject({ code: 'unsupported_architecture', cause: unknown });
  });

  it('counts a tokenizer that is not known as a kind of model', () => {
    const tokenizer = Object.assign(new Error('x.gguf: no such tokenizer'), { code: 'unsupported', details: {} });
    expect(withBothReasons(tokenizer, fallback)).toMatchObject({ message: expect.stringContaining(missing) });
  });

  it('leaves an error alone that llama.cpp would have too, or when llama.cpp was not wanted', () => {
    const cut = Object.assign(new Error('x.gguf: ends early'), { code: 'truncated' });
    expect(withBothReasons(cut, fallback)).toBe(cut);
    expect(withBothReasons(unknown, { engine: 'onnx', reason: '--engine onnx' })).toBe(unknown);
    expect(withBothReasons('no error', fallback)).toBe('no error');
    const details = { contextLength: 256 };
    const tooLarge = Object.assign(new Error('8 slots need 900 MiB'), { code: 'unsupported', details });
    expect(withBothReasons(tooLarge, fallback)).toBe(tooLarge);
  });
});

describe('a file that llama.cpp cannot read', () => {
  const refused = Object.assign(new Error('m.gguf: wrong number of tensors.'), { code: 'invalid_model' });
  const choice = { engine: 'llama.cpp', reason: 'a GGUF file' } as const;

  it('goes to ONNX Runtime, unless an engine was asked for or something else is wrong', () => {
    expect(mayTryOnnx('auto', choice, refused)).toBe(true);
    expect(mayTryOnnx('llama.cpp', choice, refused)).toBe(false);
    expect(mayTryOnnx('auto', { ...choice, engine: 'onnx' }, refused)).toBe(false);
    expect(mayTryOnnx('auto', choice, Object.assign(new Error('full'), { code: 'insufficient_memory' }))).toBe(false);
  });

  it('is told of with both reasons when neither engine can', () => {
    const other = Object.assign(new Error('m.gguf: nobody uses output.bias.'), { code: 'invalid_gguf' });
    expect(withLlamaCppsReason(other, refused)).toMatchObject({
      code: 'invalid_gguf',
      message: "m.gguf: nobody uses output.bias; llama.cpp can't read it either (m.gguf: wrong number of tensors).",
    });
  });
});
