import fc from 'fast-check';
import type { Weight, WeightPart } from '../passes/weight.js';
import type { TensorInfo } from '../read/gguf-file.js';
import { chooseThreads, conversionBytes } from './choose-threads.js';
import { planWeights } from './weight-job.js';

const format = { name: 'Q4_K', id: 12, blockSize: 256, blockBytes: 144 } as const;

describe('planWeights', () => {
  it('gives each row of each weight to one job, and leaves together what belongs together', () => {
    const part = fc.record({
      columns: fc.constantFrom(256, 2048),
      groups: fc.integer({ min: 1, max: 200 }),
      size: fc.constantFrom(1, 8, 64),
      turned: fc.constantFrom('not', 'heads', 'whole'),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const columns = parts[0]?.columns ?? 0;
        const weight = matrix(
          parts.map(({ groups, size, turned }) => ({
            tensor: tensor(groups * size, columns),
            order: turned === 'not' ? { size, to: new Uint32Array(groups * size) } : undefined,
            turnOutput: turned === 'not' ? undefined : turned === 'heads' ? size : groups * size,
          })),
        );
        const jobs = planWeights([weight]).flatMap((plan) => plan.jobs);
        const rows = jobs.flatMap(({ row, count }) => Array.from({ length: count }, (_, at) => row + at));
        expect(rows).toEqual(rows.map((_, at) => at));
        expect(rows).toHaveLength(parts.reduce((sum, { groups, size }) => sum + groups * size, 0));
        for (const { first, count, part, atOnce } of jobs) {
          const { turnOutput, order } = weight.parts[part] ?? {};
          const group = turnOutput ?? order?.size ?? 1;
          expect([first % group, count % group, atOnce % group]).toEqual([0, 0, 0]);
        }
      }),
    );
  });

  it('begins with what takes longest', () => {
    const small = matrix([{ tensor: tensor(8, 256) }]);
    const large = matrix([{ tensor: tensor(2048, 2048), turnOutput: 2048 }]);
    expect(planWeights([small, large]).map(({ weight }) => weight)).toEqual([large, small]);
  });
});

describe('chooseThreads', () => {
  const layer = [
    matrix([{ tensor: tensor(3072, 2048), turnInput: 2048 }]),
    matrix([{ tensor: tensor(2048, 2048), turnOutput: 2048 }]),
    matrix([{ tensor: tensor(8192, 2048), turnInput: 2048 }]),
    matrix([{ tensor: tensor(8192, 2048), turnInput: 2048 }]),
    matrix([{ tensor: tensor(2048, 8192), turnOutput: 2048 }]),
  ];
  const billion = planWeights([
    ...Array.from({ length: 16 }, () => layer).flat(),
    matrix([{ tensor: tensor(49_152, 2048), turnInput: 2048 }]),
  ]);
  const finished = billion.reduce((sum, { weight }) => sum + weight.values.byteLength, 0);

  it('takes less than a third of the finished weights for a billion numbers on two threads', () => {
    expect(chooseThreads(billion, 2, true)).toBe(2);
    expect(conversionBytes(billion, 2)).toBeLessThan(finished * 0.33);
  });

  it('takes as many threads as are wanted, as long as three quarters of the finished weights suffice', () => {
    expect(chooseThreads(billion, 4, true)).toBe(4);
    const many = chooseThreads(billion, 64, true);
    expect(many).toBeLessThan(64);
    expect(conversionBytes(billion, many)).toBeLessThanOrEqual(finished * 0.75);
    expect(conversionBytes(billion, many + 1)).toBeGreaterThan(finished * 0.75);
  });

  it('starts no threads for a small model, unless told to', () => {
    const tiny = planWeights([matrix([{ tensor: tensor(64, 256) }]), matrix([{ tensor: tensor(64, 256) }])]);
    expect(chooseThreads(tiny, 8, true)).toBe(1);
    expect(chooseThreads(tiny, 8, false)).toBe(2);
    expect(chooseThreads([], 8, true)).toBe(1);
  });
});

function tensor(rows: number, columns: number): TensorInfo {
  const rowBytes = (columns / format.blockSize) * format.blockBytes;
  return { name: 'a', format, rows, columns, rowBytes, offset: 0, byteLength: rows * rowBytes };
}

function matrix(parts: readonly WeightPart[]): Weight & { readonly parts: readonly WeightPart[] } {
  const rows = parts.reduce((sum, { tensor }) => sum + tensor.rows, 0);
  const values = { offset: 0, byteLength: rows * (parts[0]?.tensor.columns ?? 0) };
  return { kind: 'int8-rows', name: 'a', values, scales: { offset: 0, byteLength: rows * 4 }, parts };
}
