import type { Device } from '@mcli/llama-cpp';
import { fitGpuLayers } from './fit-gpu-layers.js';
import type { ModelShape } from './read-model-shape.js';

const mebi = 2 ** 20;

const device = (kind: Device['kind'], freeMebibytes: number): Device => ({
  name: kind,
  description: '',
  kind,
  memory: { free: freeMebibytes * mebi, total: 2 * freeMebibytes * mebi },
});

/** Four layers of 100 MiB, and 50 MiB that belong to none. */
const shape: ModelShape = {
  layers: 4,
  contextLength: 4096,
  numbersPerPosition: 1,
  rowSizes: [],
  layerBytes: new Map([[-1, 50 * mebi], ...[0, 1, 2, 3].map((layer) => [layer, 100 * mebi] as const)]),
};

/** 25 MiB for each layer. */
const cacheBytes = 100 * mebi;

describe('fitGpuLayers', () => {
  it.each([
    ['none without a GPU', [device('cpu', 100_000), device('accelerator', 100_000)], 0],
    ['none where only working space fits', [device('gpu', 768)], 0],
    ['none where a layer fits, but not its cache', [device('gpu', 768 + 124)], 0],
    ['one', [device('gpu', 768 + 125)], 1],
    ['three', [device('gpu', 768 + 499)], 3],
    ['four, without what comes behind the last one', [device('gpu', 768 + 549)], 4],
    ['all', [device('gpu', 768 + 550)], 'all'],
    ['all on an integrated one', [device('integrated-gpu', 8000)], 'all'],
    ['what fits two together', [device('gpu', 768 + 130), device('gpu', 768 + 130), device('cpu', 9999)], 2],
    ['none where the device does not say what is free', [device('gpu', 0)], 0],
  ] as const)('%s', (_, devices, expected) => {
    expect(fitGpuLayers(devices, shape, cacheBytes)).toBe(expected);
  });

  it('counts each layer by its own size, the last ones first', () => {
    const uneven = { ...shape, layerBytes: new Map([...shape.layerBytes, [3, 400 * mebi], [0, 10 * mebi]]) };
    expect(fitGpuLayers([device('gpu', 768 + 300)], uneven, 0)).toBe(0);
    expect(fitGpuLayers([device('gpu', 768 + 400)], uneven, 0)).toBe(1);
    expect(fitGpuLayers([device('gpu', 768 + 610)], uneven, 0)).toBe(4);
  });
});
