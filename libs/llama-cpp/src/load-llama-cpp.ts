import { join, resolve } from 'node:path';
import { LlamaCpp } from './llama-cpp.js';
import { findLibraries, packagesFor } from './native/find-libraries.js';
import type { NativeLibrary } from './native/native-library.js';
import { loadNativeLibrary } from './native/native-library.js';

export interface LoadLlamaCppOptions {
  /**
   * Packages to look for, the preferred first. One of them is used: each brings libraries for the processor, some for
   * GPUs as well. @default `packagesFor()`: those that exist for this platform, with a GPU first
   */
  readonly packages?: readonly string[] | undefined;
  /** A folder whose installed packages are used instead, with `node_modules` in it or above it. @default this package's */
  readonly from?: string | undefined;
}

let loading: Promise<{ readonly library: NativeLibrary; readonly found: ReturnType<typeof findLibraries> }> | undefined;

/**
 * Loads llama.cpp's libraries, once for the process: a second call gives the same ones, whatever its options.
 *
 * A failed assertion inside the library ends the process. So run it in a process of its own when others depend on yours.
 *
 * @throws LlamaCppError `library_missing` · `unsupported_platform` · `incompatible_library`
 */
export async function loadLlamaCpp(options: LoadLlamaCppOptions = {}): Promise<LlamaCpp> {
  loading ??= load(options);
  try {
    const { library, found } = await loading;
    return new LlamaCpp(library, found);
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

async function load({
  packages = packagesFor(),
  from,
}: LoadLlamaCppOptions): ReturnType<() => NonNullable<typeof loading>> {
  // A name in the folder: what is looked for is looked for beside it.
  const found = findLibraries(packages, from === undefined ? undefined : join(resolve(from), 'index.js'));
  return { library: await loadNativeLibrary(found), found };
}
