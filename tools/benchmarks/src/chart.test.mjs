import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawChart, niceTicks } from './chart.mjs';

const chart = {
  title: 'Speed <over> length',
  xTitle: 'tokens',
  yTitle: 'tokens/s',
  lines: [
    {
      name: 'ours',
      points: [
        { x: 128, y: 1000, low: 900, high: 1100 },
        { x: 4096, y: 500 },
      ],
    },
    {
      name: 'llama.cpp',
      points: [
        { x: 128, y: 250 },
        { x: 4096, y: 100 },
      ],
    },
  ],
};

test('ticks start at 0, end above the highest value and are few', () => {
  for (const most of [0.3, 1, 7, 99, 101, 1234, 98_765]) {
    const ticks = niceTicks(most);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.at(-1) >= most && ticks.length >= 3 && ticks.length <= 7, `${most}: ${ticks}`);
  }
});

test('a chart has its title, axes, legend and a dot for each point', () => {
  const svg = drawChart(chart);
  for (const text of ['Speed &lt;over>', '>tokens<', '>tokens/s<', '>ours<', '>llama.cpp<', '>4,096<', '>128<'])
    assert.ok(svg.includes(text), text);
  assert.equal(svg.match(/<circle/g).length, 4);
  assert.equal(svg.match(/class="range/g).length, 1);
  assert.ok(!svg.includes('NaN'));
});

test('higher values stand higher, and everything stands inside', () => {
  const heights = [...drawChart(chart).matchAll(/<circle class="f0" cx="([\d.]+)" cy="([\d.]+)"/g)].map(
    ([, , y]) => +y,
  );
  assert.ok(heights[0] < heights[1]);
  assert.ok(heights.every((y) => y >= 84 && y <= 356));
});

test('it follows the reader between light and dark', () => {
  assert.match(drawChart(chart), /prefers-color-scheme: dark/);
});
