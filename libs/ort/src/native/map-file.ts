import { closeSync, fstatSync, openSync } from 'node:fs';
import type { LibraryHandle } from 'koffi';
import { OrtError } from '../ort-error.js';

/** A file as memory to read from. */
export interface MappedFile {
  readonly address: bigint;
  /** Gives the memory back for now: what is read again comes from the file again. */
  forget(): void;
  /** Nothing may read it any more. */
  unmap(): void;
}

/** @throws OrtError `model_not_found` when the file can't be mapped */
export type MapFile = (path: string) => MappedFile;

/** From `sys/mman.h`, the same on Linux and macOS. */
const PROT_READ = 1;
const MAP_PRIVATE = 2;
const MADV_DONTNEED = 4;
const MAP_FAILED = (1n << 64n) - 1n;

/** @param library the C library of a POSIX system */
export function createMapFile(library: LibraryHandle): MapFile {
  const mmap = library.func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const madvise = library.func('madvise', 'int', ['void *', 'size_t', 'int']);
  const munmap = library.func('munmap', 'int', ['void *', 'size_t']);
  return (path) => {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const address = mmap(null, size, PROT_READ, MAP_PRIVATE, file, 0) as bigint | null;
      if (address === null || address === MAP_FAILED)
        throw new OrtError('model_not_found', `${path} can't be mapped into memory.`);
      return {
        address,
        forget: () => void madvise(address, size, MADV_DONTNEED),
        unmap: () => void munmap(address, size),
      };
    } finally {
      closeSync(file);
    }
  };
}
