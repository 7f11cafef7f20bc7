import { DataLayout } from './data-layout.js';
import { GraphBuilder } from './graph-builder.js';

describe('GraphBuilder', () => {
  it('starts every part of the data file at a page', () => {
    const data = new DataLayout();
    const graph = new GraphBuilder(data, 'int8');
    const regions = [[1], [5000], [3, 7]].map((shape, i) => graph.initializer(`weight${i}`, 'float32', shape).region);

    expect(regions).toEqual([
      { offset: 0, byteLength: 4 },
      { offset: 4096, byteLength: 20_000 },
      { offset: 24_576, byteLength: 84 },
    ]);
    expect(data.bytes).toBe(24_660);
  });

  it('stores what two graphs name alike once', () => {
    const data = new DataLayout();
    const [first, second] = [new GraphBuilder(data, 'int8'), new GraphBuilder(data, 'int8')].map(
      (graph) => graph.initializer('matrix', 'int8', [64, 4]).region,
    );

    expect(second).toEqual(first);
    expect(data.bytes).toBe(256);
  });

  it('lets two constants share a part', () => {
    const data = new DataLayout();
    const graph = new GraphBuilder(data, 'int8');
    const matrix = graph.initializer('matrix', 'uint8', [4, 2, 32]);
    graph.initializer('rows', 'uint8', [4, 64], matrix.region);

    expect(graph.finish('shared').initializers.map((found) => 'region' in found && found.region.offset)).toEqual([
      0, 0,
    ]);
    expect(data.bytes).toBe(256);
  });

  it('tells the shapes inside the graph', () => {
    const graph = new GraphBuilder(new DataLayout(), 'int8');
    const rows = { name: 'rows', type: 'float32', shape: ['tokens', 4] } as const;

    expect(graph.describe(rows)).toBe('rows');
    expect(graph.finish('described').values).toEqual([rows]);
  });
});
