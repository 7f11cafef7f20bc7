// `node --import ./test/load-typescript.mjs x.mjs` lets child processes of tests import the sources as they are.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { transformSync } from '@swc/core';

// The hooks below run in a thread of their own, which loads this file too.
if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(`${specifier.slice(0, -3)}.ts`, context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const jsc = { target: 'es2022', parser: { syntax: 'typescript' } };
  const { code } = transformSync(await readFile(filename, 'utf8'), { filename, swcrc: false, jsc });
  return { format: 'module', source: code, shortCircuit: true };
}
