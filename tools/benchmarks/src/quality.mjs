import { nativeEnvironment } from './ours/environment.mjs';
import { builds } from './paths.mjs';
import { median } from './statistics.mjs';
import { measured } from './rows/results.mjs';
import { Side } from './side.mjs';

const group = 'quality';

/** From fast and coarse to slow and fine. */
const frontierForms = [
  'int8-row-single',
  'int8-row-constant',
  'int8-row',
  'int8-row-pairs',
  'int8-row-float-cache',
  'int8-block32',
  'float32-rotated',
];
const bound = { most: 0.008 };

/** What is compared, each about a thousand tokens. */
const comparisons = [
  { id: 'prose', title: 'prose', action: 'text', given: { kind: 'prose', windows: 4, read: 256, count: 256 } },
  { id: 'code', title: 'code', action: 'text', given: { kind: 'code', windows: 4, read: 256, count: 256 } },
  { id: 'chat', title: 'chat answers', action: 'chat', given: { most: 96 } },
  {
    id: 'deep',
    title: 'code at depth 4,000',
    action: 'text',
    given: { kind: 'code', windows: 2, read: 4000, count: 160 },
  },
];

/**
 * Quality of the forms that all speeds are measured with, against the fp32 weights of the same file, on the way that is
 * served: prompts are read in chunks, then token by token over the default cache. A result for each text (mean
 * divergence per token) and for perplexity: of our form, of the file as llama.cpp runs it, and of llama.cpp's other form.
 *
 * @param {{ path: string }[]} files of the embedded model, the file itself first
 * @param {{ threads?: number, progress: (text: string) => void }} options
 * @returns {Promise<object[]>}
 */
export async function measureQuality(files, { threads, progress }) {
  const found = await withForms({ threads, context: 4352, files }, (side) => compareForms(side, comparisons, progress));
  return [
    ...found.map((comparison) =>
      toRow(
        'divergence',
        { ...comparison, id: `quality-${comparison.id}` },
        {
          title: `divergence from fp32, ${comparison.title}`,
          unit: 'KL per token',
          target: bound,
        },
      ),
    ),
    ...found
      .filter(({ id }) => id === 'prose' || id === 'code')
      .map((comparison) =>
        toRow(
          'perplexity',
          { ...comparison, id: `quality-${comparison.id}-perplexity` },
          {
            title: `perplexity ÷ fp32’s, ${comparison.title}`,
            unit: '×',
            target: { most: 1.01 },
          },
        ),
      ),
  ];
}

/**
 * One figure of a comparison as a result: the first form is ours, the second the file as llama.cpp runs it, the third
 * llama.cpp's other form.
 */
export function qualityRow(figure, { results }, row) {
  const [ours, asItIs, other] = Object.entries(results).map(([form, values]) => ({ form, value: values[figure] }));
  const result = measured({ ...row, group, values: [ours.value], forms: results });
  if (asItIs) result.engines['llama.cpp'] = { value: asItIs.value };
  return { ...result, llama: other };
}

/**
 * The forms that were tried, as quality against speed: measured side by side, by turns.
 *
 * @param {{ threads?: number, pairs?: number, progress: (text: string) => void }} options
 */
export async function measureFrontier({ threads, pairs = 9, progress }) {
  progress(`building ${frontierForms.length} forms`);
  return withForms({ threads, context: 1024, names: frontierForms }, async (side) => {
    progress('speed of each form');
    const speed = await side.call('speed', { rounds: pairs });
    const shallow = comparisons.filter(({ id }) => id !== 'deep');
    const quality = await compareForms(
      side,
      shallow.map((comparison) => ({ ...comparison, given: { ...comparison.given, windows: 3 } })),
      progress,
    );
    return frontierForms.map((name) => ({
      name,
      prefill: median(speed[name].prefill),
      decode: median(speed[name].decode),
      divergence: Object.fromEntries(quality.map(({ id, results }) => [id, results[name].divergence])),
    }));
  });
}

/** Does `work` with a process that has loaded the forms; by default the one that is served. */
async function withForms(given, work) {
  const side = new Side('quality', new URL('./quality/side.mjs', import.meta.url), nativeEnvironment);
  try {
    await side.call('load', { directory: builds, ...given });
    return await work(side);
  } finally {
    await side.close();
  }
}

async function compareForms(side, wanted, progress) {
  const found = [];
  for (const { id, title, action, given } of wanted) {
    progress(`quality: ${title}`);
    found.push({ id, title, results: await side.call(action, given) });
  }
  return found;
}

/** @param {Awaited<ReturnType<typeof measureFrontier>>} forms */
export function frontierTable(forms) {
  const head = ['form', 'prefill 512, tokens/s', 'decode, tokens/s', 'KL prose', 'KL code', 'KL chat'];
  const rows = forms.map(({ name, prefill, decode, divergence: { prose, code, chat } }) => [
    name,
    prefill.toFixed(0),
    decode.toFixed(1),
    ...[prose, code, chat].map((value) => value.toFixed(4)),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
