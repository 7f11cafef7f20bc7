import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { classOf, readFlags } from './processor-class.mjs';

/** The class of this machine's processor. */
export function thisClass() {
  return classOf({ arch: process.arch, flags: readFlags() });
}

/**
 * What figures depend on.
 *
 * @param {{ threads: number, llama?: { version: string, package: string } }} options `llama` where it was loaded
 */
export function machineFacts({ threads, llama }) {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    class: thisClass(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    instructions: readFlags().filter((flag) =>
      /^(avx2|avx512f|avx512_vnni|avx_vnni|amx_int8|amx_tile|asimddp|i8mm|sve)$/.test(flag),
    ),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${release()} ${process.arch}`,
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
    threads,
    node: process.versions.node,
    onnxruntime: versionOf('onnxruntime-node'),
    llamaCpp: llama && `${llama.version} (${llama.package} ${versionOf(llama.package)})`,
  };
}

function versionOf(name) {
  const paths = createRequire(join(root, 'package.json')).resolve.paths(name) ?? [];
  for (const path of paths) {
    try {
      return JSON.parse(readFileSync(join(path, name, 'package.json'), 'utf8')).version;
    } catch {
      // Not in this folder; perhaps in the next one.
    }
  }
  return 'unknown';
}

/** The commit that was measured, with a `+` when files were changed since. */
function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return `${git('rev-parse', '--short', 'HEAD').trim()}${git('status', '--porcelain', '-uno').trim() ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
