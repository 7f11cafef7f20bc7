import { describeEngine } from './describe-engine.js';

describe('describeEngine', () => {
  it('names engine, version and where layers are computed', () => {
    const facts = { engine: 'llama.cpp', version: '0.5.0', layers: 32 } as const;
    expect(describeEngine({ ...facts, gpu_layers: 32, gpus: ['Vulkan0'] })).toBe(
      'llama.cpp 0.5.0, 32 of 32 layers on Vulkan0',
    );
    expect(describeEngine({ ...facts, gpu_layers: 20, gpus: ['CUDA0', 'CUDA1'] })).toBe(
      'llama.cpp 0.5.0, 20 of 32 layers on CUDA0, CUDA1',
    );
    expect(describeEngine({ ...facts, gpu_layers: 0, gpus: [] })).toBe('llama.cpp 0.5.0, on the CPU');
    expect(describeEngine({ engine: 'onnx', version: '1.30.0' })).toBe('ONNX Runtime 1.30.0, on the CPU');
  });
});
