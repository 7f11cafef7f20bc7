import { GgufMetadata } from './gguf-metadata.js';
import type { MetadataValue } from './gguf-metadata.js';
import { readRecommendedSampling } from './recommended-sampling.js';

describe('readRecommendedSampling', () => {
  it('takes what can be followed', () => {
    expect(read({ temp: Math.fround(0.6), top_k: 40, top_p: 1, min_p: 0, penalty_repeat: 1 })).toEqual({
      temperature: 0.6,
      topK: 40,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
    });
  });

  it('knows how others write that a limit is off', () => {
    expect(read({ top_k: -1, top_p: 1.5, min_p: -1 })).toEqual({ topK: 0, topP: 1, minP: 0 });
  });

  it.each<[string, MetadataValue]>([
    ['temp', -1],
    ['temp', NaN],
    ['temp', Infinity],
    ['temp', '0.7'],
    ['top_k', 1.5],
    ['top_k', 2n ** 64n - 1n],
    ['top_p', -0.5],
    ['min_p', 1.5],
    ['penalty_repeat', 0],
    ['penalty_repeat', -1],
  ])('leaves out %s = %p, and nothing else', (name, value) => {
    expect(read({ [name]: value })).toBeUndefined();
    expect(read({ penalty_last: 1, typ: 2, ...(name === 'temp' ? { top_k: 3 } : { temp: 3 }), [name]: value })).toEqual(
      name === 'temp' ? { topK: 3 } : { temperature: 3 },
    );
  });

  it('says nothing when the file says nothing', () => {
    expect(read({})).toBeUndefined();
  });
});

function read(sampling: Readonly<Record<string, MetadataValue>>): ReturnType<typeof readRecommendedSampling> {
  const entries = Object.entries(sampling).map(([name, value]) => [`general.sampling.${name}`, value] as const);
  return readRecommendedSampling(new GgufMetadata(new Map(entries), 'a.gguf'));
}
