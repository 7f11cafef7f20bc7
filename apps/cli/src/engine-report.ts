import type { EngineList, ListedDevice } from '@mcli/model-server';
import { table } from './table.js';

/** What `mcli engine list` shows a person. */
export function engineReport({ data, gpu_packages }: EngineList): string[] {
  const engines = data.map(({ id, title, version, package: from, reason }) => [
    title,
    `--engine ${id}`,
    version ?? '-',
    reason === null ? (from ?? '-') : `can't be used: ${reason}`,
  ]);
  const devices = data.flatMap(({ title, devices }) =>
    devices.map((device) => [title, device.name, device.kind, memoryOf(device), device.description]),
  );
  const unused = data.flatMap(({ unused_packages }) => unused_packages);
  const lines = [table([['ENGINE', 'FLAG', 'VERSION', 'PACKAGE'], ...engines])];
  if (devices.length) {
    lines.push('', table([['ENGINE', 'DEVICE', 'KIND', 'MEMORY FREE/ALL', 'DESCRIPTION'], ...devices]));
  }
  const remarks = data.flatMap(({ package: from, devices: found }) =>
    from !== null && /-(cuda|vulkan|metal)$/.test(from) && found.every(({ kind }) => !kind.endsWith('gpu'))
      ? [`${from} found no GPU: is the GPU's driver installed?`]
      : [],
  );
  for (const { package: name, reason } of unused) remarks.push(`Installed, but not used: ${name} ${reason}.`);
  if (remarks.length) lines.push('', ...remarks);
  if (gpu_packages.length) {
    const commands = gpu_packages.map((name) => `npm install ${name}`).join(', or ');
    lines.push('', `To add a GPU: ${commands} (with -g where mcli is installed with -g).`);
  }
  return lines;
}

function memoryOf({ memory_free_mb: free, memory_total_mb: all }: ListedDevice): string {
  return all > 0 ? `${free}/${all} MiB` : 'unknown';
}
