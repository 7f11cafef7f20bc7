import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { folder, root } from './paths.mjs';

/** What figures depend on. */
export function machineFacts({ threads, llama }) {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    instructions: instructions(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${release()} ${process.arch}`,
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
    threads,
    node: process.versions.node,
    onnxruntime: versionIn(root, 'onnxruntime-node'),
    nodeLlamaCpp: versionIn(folder, 'node-llama-cpp'),
    llamaCpp: llama.release,
    llamaCppSystem: llama.systemInfo,
  };
}

function versionIn(where, name) {
  const paths = createRequire(join(where, 'package.json')).resolve.paths(name) ?? [];
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

/** The instruction sets that decide how fast integers are multiplied. */
function instructions() {
  try {
    const flags =
      readFileSync('/proc/cpuinfo', 'utf8')
        .match(/^(flags|Features)\s*:(.*)$/m)?.[2]
        .split(' ') ?? [];
    return flags.filter((flag) =>
      /^(avx2|avx512f|avx512_vnni|avx_vnni|amx_int8|amx_tile|asimddp|i8mm|sve)$/.test(flag),
    );
  } catch {
    return [];
  }
}
