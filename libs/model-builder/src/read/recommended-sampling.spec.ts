import { GgufMetadata } from './gguf-metadata.js';
import type { MetadataValue } from './gguf-metadata.js';
import type { OnWarning } from './on-warning.js';
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

  it('warns of each value that it takes otherwise than it stands, and of no other', () => {
    expect(warningsOf({ temp: Math.fround(0.6), top_k: 0, top_p: 1, min_p: 0, penalty_repeat: 1 })).toEqual([]);
    expect(warningsOf({ temp: -1, top_k: -1, top_p: 1.5, min_p: 'a\nb', penalty_repeat: 2n ** 64n - 1n })).toEqual([
      "general.sampling.temp is -1, which can't be followed: it is left out.",
      'general.sampling.top_k is -1: it is taken for off.',
      'general.sampling.top_p is 1.5: it is taken for off.',
      "general.sampling.min_p is no number, which can't be followed: it is left out.",
      "general.sampling.penalty_repeat is 18446744073709551615, which can't be followed: it is left out.",
    ]);
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

function warningsOf(sampling: Readonly<Record<string, MetadataValue>>): readonly string[] {
  const warnings: string[] = [];
  read(sampling, (message) => warnings.push(message));
  return warnings;
}

function read(
  sampling: Readonly<Record<string, MetadataValue>>,
  onWarning: OnWarning = () => undefined,
): ReturnType<typeof readRecommendedSampling> {
  const entries = Object.entries(sampling).map(([name, value]) => [`general.sampling.${name}`, value] as const);
  return readRecommendedSampling(new GgufMetadata(new Map(entries), 'a.gguf'), onWarning);
}
