import { jest } from '@jest/globals';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import type { Express } from 'express';
import request from 'supertest';

const folder = fileURLToPath(new URL('../test-output/readme/', import.meta.url));

describe('The examples in the README', () => {
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('serve the official client and report what was served', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);

    await runExample(0);

    while (log.mock.calls.every((all) => all.length < 3)) await new Promise((resolve) => setTimeout(resolve, 1));
    const lines = log.mock.calls.map((all) => all.join(' '));
    log.mockRestore();
    // The report comes when the last byte is out, which the client may not have read by then.
    const isReport = (line: string): boolean => line.startsWith('req_');
    expect(lines.filter((line) => !isReport(line)).join('')).toBe('Hello from your own app');
    expect(lines.filter(isReport)).toEqual([expect.stringMatching(/^req_\w{24} 200 5$/)]);
  });

  it('answer errors alike in all of an app', async () => {
    const app = (await runExample(1, 'export { app };'))['app'] as Express;

    const busy = await request(app).get('/busy');
    expect([busy.status, busy.headers['retry-after'], busy.body.error.code]).toEqual([429, '6', 'rate_limit_exceeded']);
    const broken = await request(app).get('/broken');
    expect([broken.status, broken.body.error.code]).toEqual([500, 'internal_error']);
    const unknown = await request(app).get('/unknown');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'unknown_url']);
    for (const { headers } of [busy, broken, unknown]) expect(headers['x-request-id']).toMatch(/^req_/);
  });
});

/** Runs one of the README's blocks of code, as a module of its own. */
async function runExample(index: number, epilogue = ''): Promise<Record<string, unknown>> {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
  const { code } = await transform(`${examples[index]}\n${epilogue}`, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  });
  const file = `${folder}example-${index}.mjs`;
  await writeFile(file, code);
  return (await import(file)) as Record<string, unknown>;
}
