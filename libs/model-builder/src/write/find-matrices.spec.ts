import { DataLayout } from './data-layout.js';
import { findMatrices } from './find-matrices.js';
import { GraphBuilder } from './graph-builder.js';

describe('findMatrices', () => {
  const data = new DataLayout();
  const graphOf = (build: (graph: GraphBuilder) => void) => {
    const graph = new GraphBuilder(data, 'int8');
    build(graph);
    return graph.finish('test');
  };
  const multiply = (graph: GraphBuilder, name: string): void => {
    graph.initializer(name, 'int8', [4, 8]);
    graph.node('MatMulIntegerToFloat', `${name}.product`, ['value', name], {}, 'com.microsoft');
  };

  it('finds what every graph multiplies with, where it lies in the file', () => {
    const one = graphOf((graph) => ['a', 'b', 'c'].forEach((name) => multiply(graph, name)));
    const other = graphOf((graph) => ['c', 'b'].forEach((name) => multiply(graph, name)));

    expect(findMatrices([one, other])).toEqual([
      { name: 'b', type: 'int8', shape: [4, 8], offset: 4096 },
      { name: 'c', type: 'int8', shape: [4, 8], offset: 8192 },
    ]);
  });

  it('leaves out what is used otherwise too, or is of another type', () => {
    const graph = graphOf((builder) => {
      multiply(builder, 'a');
      builder.node('Transpose', 'turned', ['a']);
      builder.initializer('floats', 'float32', [4, 8]);
      builder.node('MatMul', 'product', ['value', 'floats']);
    });

    expect(findMatrices([graph])).toEqual([]);
  });
});
