import type { ServerFacts } from '@mcli/model-server';
import { startBanner } from './start-banner.js';

const model = { id: 'a', embedded: false, contextLength: 100, slots: 2 };
const onCpu = { engine: 'llama.cpp 0.5.0, on the CPU', engineReason: 'a GGUF file' };
const onGpu = { engine: 'llama.cpp 0.5.0, 32 of 32 layers on Vulkan0', engineReason: 'a GGUF file' };

describe('startBanner', () => {
  it('says once what runs all models and why', () => {
    const lines = rowsOf([
      { ...model, ...onGpu },
      { ...model, id: 'b', ...onGpu },
    ]);
    expect(lines).toContain('  Engine          llama.cpp 0.5.0, 32 of 32 layers on Vulkan0 (a GGUF file)');
    expect(lines.filter((line) => line.includes('llama.cpp'))).toHaveLength(1);
  });

  it('says it of each model where they differ', () => {
    const lines = rowsOf([
      { ...model, ...onCpu },
      { ...model, id: 'b', ...onGpu },
    ]);
    expect(lines).toContain('  Engine          a: llama.cpp 0.5.0, on the CPU (a GGUF file)');
    expect(lines).toContain('                  b: llama.cpp 0.5.0, 32 of 32 layers on Vulkan0 (a GGUF file)');
  });
});

function rowsOf(models: ServerFacts['models']): string[] {
  const address = { url: 'http://localhost:1/v1', localUrl: 'http://localhost:1/v1' };
  const facts = { openaiCompatible: true, queue: 64, authentication: 'keys', warnings: [], home: '/home', models };
  return startBanner({ ...facts, ...address })
    .join('\n')
    .split('\n');
}
