/**
 * @typedef {object} Chart
 * @property {string} title
 * @property {string} xTitle
 * @property {string} yTitle
 * @property {{ name: string, points: { x: number, y: number, low?: number, high?: number }[] }[]} lines
 */

const width = 720;
const height = 420;
const plot = { left: 76, right: 24, top: 84, bottom: 64 };
const inner = { width: width - plot.left - plot.right, height: height - plot.top - plot.bottom };

/** Light and dark by what the reader prefers; colours that people with colour blindness tell apart. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .back { fill: #ffffff }
  .grid { stroke: #d1d9e0 }
  .axis { stroke: #59636e }
  .line { fill: none; stroke-width: 2.5 }
  .range { stroke-width: 1.5 }
  .c0 { stroke: #0969da } .f0 { fill: #0969da }
  .c1 { stroke: #bc4c00 } .f1 { fill: #bc4c00 }
  .c2 { stroke: #6f42c1 } .f2 { fill: #6f42c1 }
  .c1.line { stroke-dasharray: 7 4 }
  .c2.line { stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .back { fill: #0d1117 }
    .grid { stroke: #30363d }
    .axis { stroke: #9198a1 }
    .c0 { stroke: #58a6ff } .f0 { fill: #58a6ff }
    .c1 { stroke: #f0883e } .f1 { fill: #f0883e }
    .c2 { stroke: #bc8cff } .f2 { fill: #bc8cff }
  }`;

/**
 * Lines over a logarithmic x axis whose ticks are the measured places; y starts at 0.
 *
 * @param {Chart} chart
 * @returns {string} an SVG file
 */
export function drawChart({ title, xTitle, yTitle, lines }) {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const most = Math.max(...lines.flatMap(({ points }) => points.map(({ y, high }) => high ?? y)));
  const ticks = niceTicks(most);
  const [first, last] = [Math.log(xs[0]), Math.log(xs.at(-1))];
  const toX = (x) => round(plot.left + (last === first ? 0.5 : (Math.log(x) - first) / (last - first)) * inner.width);
  const toY = (y) => round(plot.top + (1 - y / ticks.at(-1)) * inner.height);
  const bottom = plot.top + inner.height;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escape(title)}</title>`,
    `<style>${style}\n</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="8"/>`,
    `<text class="title" x="${plot.left}" y="32">${escape(title)}</text>`,
    ...lines.map(({ name }, at) => legend(name, at, lines)),
    ...ticks.map(
      (y) =>
        `<line class="grid" x1="${plot.left}" x2="${width - plot.right}" y1="${toY(y)}" y2="${toY(y)}"/>` +
        `<text x="${plot.left - 10}" y="${toY(y) + 4}" text-anchor="end">${y.toLocaleString('en-US')}</text>`,
    ),
    ...xs.map(
      (x) =>
        `<line class="axis" x1="${toX(x)}" x2="${toX(x)}" y1="${bottom}" y2="${bottom + 5}"/>` +
        `<text x="${toX(x)}" y="${bottom + 22}" text-anchor="middle">${x.toLocaleString('en-US')}</text>`,
    ),
    `<line class="axis" x1="${plot.left}" x2="${width - plot.right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text x="${plot.left + inner.width / 2}" y="${height - 14}" text-anchor="middle">${escape(xTitle)}</text>`,
    `<text transform="translate(20 ${plot.top + inner.height / 2}) rotate(-90)" text-anchor="middle">${escape(yTitle)}</text>`,
    ...lines.flatMap(({ points }, at) => drawLine(points, at, toX, toY)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function drawLine(points, at, toX, toY) {
  const path = points.map(({ x, y }, index) => `${index ? 'L' : 'M'}${toX(x)} ${toY(y)}`).join('');
  const ranges = points
    .filter(({ low }) => low !== undefined)
    .map(
      ({ x, low, high }) =>
        `<line class="range c${at}" x1="${toX(x)}" x2="${toX(x)}" y1="${toY(low)}" y2="${toY(high)}"/>`,
    );
  const dots = points.map(({ x, y }) => `<circle class="f${at}" cx="${toX(x)}" cy="${toY(y)}" r="4"/>`);
  return [`<path class="line c${at}" d="${path}"/>`, ...ranges, ...dots];
}

function legend(name, at, lines) {
  const x = plot.left + lines.slice(0, at).reduce((sum, line) => sum + 52 + 7.4 * line.name.length, 0);
  return (
    `<line class="line c${at}" x1="${round(x)}" x2="${round(x + 30)}" y1="54" y2="54"/>` +
    `<text x="${round(x + 38)}" y="58">${escape(name)}</text>`
  );
}

/** From 0 to above `most` in about five steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= 6) ?? 10 * power;
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, at) => round(at * step));
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
