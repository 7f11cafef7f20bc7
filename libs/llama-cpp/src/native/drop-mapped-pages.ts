import { readFileSync, realpathSync } from 'node:fs';
import type { LibraryHandle } from 'koffi';

/** From `sys/mman.h` on Linux. */
const MADV_DONTNEED = 4;

/**
 * Gives back, for now, the pages of files that are mapped into memory; what is read again comes from the file again. For the
 * processor, the library keeps most weights a second time, laid out as it computes with them, and never reads them from the
 * file again. Nothing happens on other systems than Linux.
 */
export type DropMappedPages = (path: string) => void;

/** @param library the C library */
export function createDropMappedPages(library: LibraryHandle): DropMappedPages {
  if (process.platform !== 'linux') return () => undefined;
  const madvise = library.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']);
  return (path) => {
    for (const [from, to] of mappingsOf(realpathSync(path), readFileSync('/proc/self/maps', 'utf8')))
      madvise(from, to - from, MADV_DONTNEED);
  };
}

/**
 * The addresses at which a file is mapped, and the others of its split set: `name-00001-of-00003.gguf`.
 *
 * @param maps as in `/proc/self/maps`: https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html
 */
export function mappingsOf(path: string, maps: string): readonly (readonly [from: bigint, to: bigint])[] {
  return maps.split('\n').flatMap((line) => {
    const [, from, to, mapped] = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s+(\/.*)$/.exec(line) ?? [];
    return mapped !== undefined && setOf(mapped) === setOf(path)
      ? [[BigInt(`0x${from}`), BigInt(`0x${to}`)] as const]
      : [];
  });
}

function setOf(path: string): string {
  return path.replace(/-\d{5}-of-(\d{5}\.gguf)$/i, '-of-$1');
}
