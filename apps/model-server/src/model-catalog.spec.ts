import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseModels } from './model-catalog.js';

describe('chooseModels', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcli-catalog-'));
    for (const name of ['My Model.gguf', 'Big-00001-of-00003.gguf']) writeFileSync(join(folder, name), '');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is the embedded model when none is named', () => {
    expect(chooseModels({ models: [] })).toMatchObject([{ id: 'smollm2-135m-instruct', embedded: true }]);
  });

  it('names a file by its name, in lower case, without its ending', () => {
    const models = ['My Model.gguf', 'Big-00001-of-00003.gguf'].map((name) => join(folder, name));
    expect(chooseModels({ models }).map(({ id }) => id)).toEqual(['my-model', 'big']);
    expect(chooseModels({ models: models.slice(0, 1), modelId: 'other/name' })).toMatchObject([{ id: 'other/name' }]);
  });

  it('refuses two models of one id', () => {
    const twice = join(folder, 'My Model.gguf');
    expect(() => chooseModels({ models: [twice, twice] })).toThrow(/Two models have the id 'my-model'/);
  });

  it('says that a file is not there, and suggests an id that was probably meant', () => {
    expect(() => chooseModels({ models: ['./nothing.gguf'] })).toThrow('There is no file ./nothing.gguf.');
    expect(() => chooseModels({ models: [folder] })).toThrow(/is a folder/);
    expect(() => chooseModels({ models: ['smollm2'] })).toThrow(/Did you mean 'smollm2-135m-instruct'/);
  });
});
