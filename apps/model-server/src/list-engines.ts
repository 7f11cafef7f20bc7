import { packageVersion, packagesFor } from '@mcli/llama-cpp';
import { askProcess } from './ask-process.js';
import type { EngineName } from './choose-engine.js';
import { engineTitles } from './choose-engine.js';

/** Something that an engine computes on. */
export interface ListedDevice {
  /** Such as `CPU` or `Vulkan0`. */
  readonly name: string;
  readonly description: string;
  readonly kind: string;
  /** In MiB. 0 where the device doesn't say. */
  readonly memory_free_mb: number;
  readonly memory_total_mb: number;
}

/** An engine, as `mcli engine list --json` prints it. */
export interface ListedEngine {
  /** As `--engine` takes it. */
  readonly id: EngineName;
  readonly title: string;
  /** Of its library. */
  readonly version: string | null;
  /** The npm package that the library is from. */
  readonly package: string | null;
  /** Why it can't be used, with the remedy; `null` when it can. */
  readonly reason: string | null;
  readonly devices: readonly ListedDevice[];
  /** Packages that are installed and can't be used, with the reason. */
  readonly unused_packages: readonly { readonly package: string; readonly reason: string }[];
}

export interface EngineList {
  readonly object: 'list';
  readonly data: readonly ListedEngine[];
  /** Packages that bring GPUs to this platform and are not in use, with their version, as npm installs them. */
  readonly gpu_packages: readonly string[];
}

/** What an engine's own process finds out about it. */
export type FoundEngine = Pick<ListedEngine, 'version' | 'package' | 'devices' | 'unused_packages'>;

/**
 * What can run models here. Each engine's library is loaded in a process of its own, so that one that crashes or hangs is a
 * reason in the list.
 *
 * @param timeoutMs how long an engine may take
 */
export async function listEngines(timeoutMs = 20_000): Promise<EngineList> {
  const ids = Object.keys(engineTitles) as EngineName[];
  const data = await Promise.all(ids.map((id) => findEngine(id, timeoutMs)));
  const used = data.map((engine) => engine.package);
  return {
    object: 'list',
    data,
    gpu_packages: gpuPackages()
      .filter((name) => !used.includes(name))
      .map(withVersion),
  };
}

async function findEngine(id: EngineName, timeoutMs: number): Promise<ListedEngine> {
  const title = engineTitles[id];
  try {
    const module = new URL('./engine-probe.js', import.meta.url);
    return { id, title, reason: null, ...(await askProcess<FoundEngine>(module, id, timeoutMs)) };
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, '');
    return { id, title, version: null, package: null, reason, devices: [], unused_packages: [] };
  }
}

function gpuPackages(): readonly string[] {
  return packagesFor().filter((name) => /-(cuda|vulkan)$/.test(name));
}

function withVersion(name: string): string {
  return `${name}@${packageVersion}`;
}
