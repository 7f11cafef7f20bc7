import { readFileSync } from 'node:fs';

/** From the instructions that multiply integers fastest to those that every processor has. */
const classes = [
  { name: 'amx', flags: ['amx_int8'] },
  { name: 'avx512-vnni', flags: ['avx512_vnni'] },
  { name: 'avx-vnni', flags: ['avx_vnni'] },
  { name: 'avx512', flags: ['avx512f', 'avx512bw'] },
  { name: 'avx2', flags: ['avx2', 'fma'] },
];

/**
 * The class of processor that figures are kept for: by the best instructions for integers that it has, as both programs
 * choose their kernels by them.
 *
 * @param {{ arch: string, flags: readonly string[] }} processor `arch` as `process.arch`, `flags` as `/proc/cpuinfo` names them
 * @returns {string} such as `avx2`, `avx512-vnni`, `amx` or `arm64`; the architecture's name where nothing is known
 */
export function classOf({ arch, flags }) {
  if (arch !== 'x64') return arch;
  return classes.find((known) => known.flags.every((flag) => flags.includes(flag)))?.name ?? arch;
}

/** Whether u8×s8 products are added up in one instruction, without a detour over 16 bits. */
export function hasDotProducts(name) {
  return /vnni|amx/.test(name);
}

/** What `/proc/cpuinfo` says of the first processor; nothing on other systems than Linux. */
export function readFlags(path = '/proc/cpuinfo') {
  try {
    return parseFlags(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
}

export function parseFlags(text) {
  const found = /^(?:flags|Features)[ \t]*:[ \t]*(.*)$/m.exec(text)?.[1];
  return found?.split(' ').filter(Boolean) ?? [];
}
