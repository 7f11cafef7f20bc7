/**
 * Columns of text, aligned: the first to the left, the others as they say.
 *
 * @param {{ title: string, right?: boolean }[]} columns
 * @param {string[][]} rows
 */
export function formatTable(columns, rows) {
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells) =>
    cells
      .map((cell, at) => (columns[at].right ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => '─'.repeat(width))),
    ...rows.map(line),
  ].join('\n');
}

/** The same as a Markdown table. */
export function formatMarkdownTable(columns, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ right }) => (right ? '--:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}

export const columns = [
  { title: 'figure' },
  { title: 'target', right: true },
  { title: 'ours (onnx)', right: true },
  { title: 'ours (llama.cpp)', right: true },
  { title: 'llama.cpp (bare)', right: true },
  { title: 'ratio', right: true },
  { title: 'reached' },
];

/** A result as cells of `columns`. The ratio is that of our better engine, which it names. */
export function toCells(result) {
  const { title, unit, engines = {}, llama, best, ratio, interval, reached, unavailable } = result;
  if (unavailable) return [title, formatTarget(result), `not available: ${unavailable}`, '', '', '', ''];
  const range = interval ? ` (${interval.low.toFixed(2)}–${interval.high.toFixed(2)})` : '';
  const better = best && Object.keys(engines).length > 1 ? `, ${best}` : '';
  return [
    title,
    formatTarget(result),
    formatEngine(engines.onnx, unit),
    formatEngine(engines['llama.cpp'], unit),
    llama ? `${formatValue(llama.value)} ${unit} (${llama.form})` : '',
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×${range}${better}`,
    reached === undefined ? '' : reached ? 'yes' : 'no',
  ];
}

function formatEngine(found, unit) {
  if (!found) return '';
  const ratio = found.ratio === undefined ? '' : `, ${found.ratio.toFixed(2)} ×`;
  return `${formatValue(found.value)} ${unit}${ratio}`;
}

function formatTarget({ target = {}, unit }) {
  const suffix = target.of === 'ratio' ? ' ×' : ` ${unit}`;
  if (target.least !== undefined) return `≥ ${target.least}${suffix}`;
  if (target.most !== undefined) return `≤ ${target.most}${suffix}`;
  return '';
}

/** Three significant digits, thousands with a comma. */
export function formatValue(value) {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: Math.min(digits, 6) });
}
