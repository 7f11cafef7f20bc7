import { compared } from './results.mjs';

const row = {
  id: 'first-token-cached',
  group: 'first-token',
  title: 'time to first token, 2,000-token prompt, 1,900 cached ÷ cold',
  unit: 'ms',
  target: { most: 0.15 },
};

/** The same prompt with nothing and with its first 1,900 tokens in the cache, by turns. */
export async function measureFirstToken(engine, tokens, { pairs, progress }) {
  progress(row.title);
  const prompt = tokens.slice(0, 2000);
  const ask = async (cacheScope, wanted) => {
    const request = { prompt: wanted, maxTokens: 1, sampling: { temperature: 0 }, cacheScope };
    const { answers } = await engine.call('generate', { requests: [request] });
    return answers[0];
  };
  const measured = [];
  for (let at = 0; at <= pairs; at++) {
    await ask(`warm-${at}`, prompt.slice(0, 1900));
    const warm = await ask(`warm-${at}`, prompt);
    const cold = await ask(`cold-${at}`, prompt);
    if (warm.usage.cachedTokens < 1792 || cold.usage.cachedTokens > 0)
      throw new Error(`The prefix cache took ${warm.usage.cachedTokens} and ${cold.usage.cachedTokens} tokens.`);
    if (at > 0) measured.push([warm.firstMs, cold.firstMs, warm.usage.cachedTokens]);
  }
  return compared({ ...row, pairs: measured, cachedTokens: measured[0][2] });
}
