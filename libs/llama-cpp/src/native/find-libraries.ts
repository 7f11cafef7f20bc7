import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LlamaCppError } from '../llama-cpp-error.js';
import { packageVersion, scope } from '../release.js';
import type { LibraryName } from './function-table.js';
import { hasKnownLibc } from './has-known-libc.js';

/** llama.cpp's libraries as a package brings them. */
export interface FoundLibraries {
  /** Such as `@node-llama-cpp/linux-x64-vulkan`. */
  readonly package: string;
  /** The folder of all of them. */
  readonly directory: string;
  readonly paths: Readonly<Record<LibraryName, string>>;
}

/** A package that is installed but not used, and why. */
export interface UnusedPackage {
  readonly package: string;
  readonly reason: string;
}

/** Packages for a platform, by preference: with a GPU first; the last one is for the processor alone. */
const packages: Partial<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64-cuda', 'linux-x64-vulkan', 'linux-x64'],
  'linux-arm64': ['linux-arm64'],
  'darwin-arm64': ['mac-arm64-metal'],
  'darwin-x64': ['mac-x64'],
  'win32-x64': ['win-x64-cuda', 'win-x64-vulkan', 'win-x64'],
  'win32-arm64': ['win-arm64'],
};

/** Packages that exist for a platform, the preferred first; none where llama.cpp has no libraries. */
export function packagesFor(platform: string = process.platform, arch: string = process.arch): readonly string[] {
  return (packages[`${platform}-${arch}`] ?? []).map((name) => `${scope}/${name}`);
}

/**
 * The libraries of the first package that is installed in the right release.
 *
 * @param names packages to look for, the preferred first
 * @param from path of the module that they must be installed for
 * @throws LlamaCppError `unsupported_platform` when there are no names, `incompatible_library` when only other releases are
 * installed, `library_missing`
 */
export function findLibraries(
  names: readonly string[],
  from: string = fileURLToPath(import.meta.url),
): FoundLibraries & { readonly unused: readonly UnusedPackage[] } {
  if (names.length === 0 || !hasKnownLibc()) {
    const { platform, arch } = process;
    const libc = hasKnownLibc() ? '' : ' with a C library other than glibc (musl, as in Alpine)';
    const message = `llama.cpp has no libraries for ${platform} ${arch}${libc}: it runs on Linux with glibc, macOS and Windows, x64 and arm64.`;
    throw new LlamaCppError('unsupported_platform', message);
  }
  const unused: UnusedPackage[] = [];
  for (const name of names) {
    const root = packageRoot(name, from);
    if (root === undefined) continue;
    const version = versionOf(root);
    if (version !== packageVersion) {
      unused.push({ package: name, reason: `is version ${version}; ${packageVersion} is needed` });
      continue;
    }
    const found = librariesIn(join(root, 'bins', name.slice(scope.length + 1)));
    if (found) return { package: name, ...found, unused };
    unused.push({ package: name, reason: 'has no libraries' });
  }
  const install = `npm install ${names.at(-1)}@${packageVersion}`;
  const [wrong] = unused;
  if (wrong) throw new LlamaCppError('incompatible_library', `${wrong.package} ${wrong.reason}: ${install}`);
  throw new LlamaCppError('library_missing', `llama.cpp's libraries are not installed: ${install}`);
}

/**
 * The three libraries in a folder. Their names have the release and the GPU's kind in them:
 * `libllama.vulkan.v0.5.0.so`, `llama.dll`.
 */
export function librariesIn(directory: string): Omit<FoundLibraries, 'package'> | undefined {
  if (!existsSync(directory)) return undefined;
  const files = readdirSync(directory);
  const find = (pattern: RegExp): string | undefined => files.find((file) => pattern.test(file));
  const llama = find(/^(lib)?llama(\.[^-]*)?\.(so|dylib|dll)$/);
  const ggml = find(/^(lib)?ggml(\.[^-]*)?\.(so|dylib|dll)$/);
  const base = find(/^(lib)?ggml-base(\.[^-]*)?\.(so|dylib|dll)$/);
  if (llama === undefined || ggml === undefined || base === undefined) return undefined;
  const at = (file: string): string => join(directory, file);
  return { directory, paths: { llama: at(llama), ggml: at(ggml), base: at(base) } };
}

/** A package's folder. These packages export nothing but their entry, which is one folder below it. */
function packageRoot(name: string, from: string): string | undefined {
  try {
    return dirname(dirname(createRequire(from).resolve(name)));
  } catch {
    return undefined;
  }
}

function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
