import { stat } from 'node:fs/promises';

/** Bytes of a model's file, or of all files of a split set whose first one is given: `name-00001-of-00003.gguf`. */
export async function modelFileBytes(path: string): Promise<number> {
  const [, stem, count] = /^(.*)-00001-of-(\d{5})\.gguf$/i.exec(path) ?? [];
  if (stem === undefined || count === undefined) return (await stat(path)).size;
  const files = Array.from(
    { length: Number(count) },
    (_, index) => `${stem}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`,
  );
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
