import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const sources = import.meta.dirname;

describe('the root entry', () => {
  it('needs nothing but Node', () => {
    const imports = [...graphFrom(resolve(sources, 'index.ts')).values()].flat();
    const foreign = imports.filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(foreign).toEqual([]);
    expect(imports.filter((name) => /\/(onnx|testing)\//.test(name))).toEqual([]);
    expect(imports.length).toBeGreaterThan(30);
  });

  it('has no cycle among its modules', () => {
    const graph = graphFrom(resolve(sources, 'index.ts'));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) throw new Error([...path, file].map((name) => relative(sources, name)).join(' → '));
      if (done.has(file)) return;
      for (const name of graph.get(file) ?? []) if (name.startsWith('.')) visit(toFile(file, name), [...path, file]);
      done.add(file);
    };
    expect(() => visit(resolve(sources, 'index.ts'), [])).not.toThrow();
    expect(done.size).toBe(graph.size);
  });
});

/** What each module imports when it runs; types are gone by then. */
function graphFrom(file: string, graph = new Map<string, string[]>()): Map<string, string[]> {
  if (graph.has(file)) return graph;
  const source = readFileSync(file, 'utf8');
  const statements = source.matchAll(/^(?:import|export) (?!type )(?:[^;'"]*? from )?'([^']+)';/gm);
  const names = Array.from(statements, ([, name = '']) => name);
  graph.set(file, names);
  for (const name of names) if (name.startsWith('.')) graphFrom(toFile(file, name), graph);
  return graph;
}

function toFile(from: string, name: string): string {
  return resolve(dirname(from), name.replace(/\.js$/, '.ts'));
}
