import type { EngineList } from '@mcli/model-server';
import { engineReport } from './engine-report.js';

const cpu = { name: 'CPU', description: 'A processor', kind: 'cpu', memory_free_mb: 100, memory_total_mb: 200 };
const onnx = {
  id: 'onnx',
  title: 'ONNX Runtime',
  version: '1.30.0',
  package: 'onnxruntime-node',
  reason: null,
} as const;
const llama = { id: 'llama.cpp', title: 'llama.cpp', version: '0.5.0', package: '@x/vulkan', reason: null } as const;

describe('engineReport', () => {
  it('shows engines, devices with their memory, and how to add a GPU', () => {
    const gpu = { name: 'Vulkan0', description: 'A card', kind: 'gpu', memory_free_mb: 0, memory_total_mb: 0 };
    const list: EngineList = {
      object: 'list',
      data: [
        { ...onnx, devices: [cpu], unused_packages: [] },
        { ...llama, devices: [gpu], unused_packages: [{ package: '@x/cuda', reason: 'is version 2; 1 is needed' }] },
      ],
      gpu_packages: ['@x/cuda@1', '@x/other@1'],
    };
    expect(engineReport(list).join('\n').split('\n')).toEqual([
      'ENGINE        FLAG                VERSION  PACKAGE',
      'ONNX Runtime  --engine onnx       1.30.0   onnxruntime-node',
      'llama.cpp     --engine llama.cpp  0.5.0    @x/vulkan',
      '',
      'ENGINE        DEVICE   KIND  MEMORY FREE/ALL  DESCRIPTION',
      'ONNX Runtime  CPU      cpu   100/200 MiB      A processor',
      'llama.cpp     Vulkan0  gpu   unknown          A card',
      '',
      'Installed, but not used: @x/cuda is version 2; 1 is needed.',
      '',
      'To add a GPU: npm install @x/cuda@1, or npm install @x/other@1 (with -g where mcli is installed with -g).',
    ]);
  });

  it('says of a package for GPUs that it found none', () => {
    const vulkan = { ...llama, package: '@x/linux-vulkan', devices: [cpu], unused_packages: [] };
    const list: EngineList = { object: 'list', data: [vulkan], gpu_packages: [] };
    expect(engineReport(list).at(-1)).toBe("@x/linux-vulkan found no GPU: is the GPU's driver installed?");
  });

  it('says why an engine can not be used, and shows nothing where there is nothing', () => {
    const broken = { ...llama, version: null, package: null, reason: 'its process ended (signal SIGSEGV)' };
    const list: EngineList = {
      object: 'list',
      data: [{ ...broken, devices: [], unused_packages: [] }],
      gpu_packages: [],
    };
    expect(engineReport(list).join('\n').split('\n')).toEqual([
      'ENGINE     FLAG                VERSION  PACKAGE',
      "llama.cpp  --engine llama.cpp  -        can't be used: its process ended (signal SIGSEGV)",
    ]);
  });
});
