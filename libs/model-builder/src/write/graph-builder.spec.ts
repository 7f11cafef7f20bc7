import { GraphBuilder } from './graph-builder.js';

describe('GraphBuilder', () => {
  it('starts every part of the data file at a page', () => {
    const graph = new GraphBuilder('float32');
    const regions = [[1], [5000], [3, 7]].map((shape, i) => graph.initializer(`weight${i}`, 'float32', shape).region);

    expect(regions).toEqual([
      { offset: 0, byteLength: 4 },
      { offset: 4096, byteLength: 20_000 },
      { offset: 24_576, byteLength: 84 },
    ]);
    expect(graph.dataBytes).toBe(24_660);
  });

  it('lets two constants share a part', () => {
    const graph = new GraphBuilder('int8-block32');
    const matrix = graph.initializer('matrix', 'uint8', [4, 2, 32]);
    graph.initializer('rows', 'uint8', [4, 64], matrix.region);

    expect(graph.finish('shared').initializers.map(({ region }) => region.offset)).toEqual([0, 0]);
    expect(graph.dataBytes).toBe(256);
  });
});
