import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { findLibraries } from './native/find-libraries.js';
import { scope } from './release.js';
import type { TinyArchitectureName } from './testing/index.js';
import { writeTinyGguf } from './testing/index.js';

jest.setTimeout(120_000);

const name = `${scope}/linux-x64-vulkan`;
/** A folder that the package is installed in. @default where this package finds it */
const from = process.env.MCLI_TEST_VULKAN_PACKAGE;
/** Mesa's driver that computes on the processor: Debian's `mesa-vulkan-drivers`. */
const drivers = '/usr/share/vulkan/icd.d';
const driver = existsSync(drivers) && readdirSync(drivers).find((file) => /^lvp_icd.*\.json$/.test(file));

/** What is missing for these tests. */
function missing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `${name} is for Linux x64`;
  if (!driver) return `there is no lvp_icd*.json in ${drivers}: apt-get install mesa-vulkan-drivers libvulkan1`;
  try {
    findLibraries([name], from && join(from, 'index.js'));
    return undefined;
  } catch (error) {
    return `${(error as Error).message}, and name its folder in MCLI_TEST_VULKAN_PACKAGE`;
  }
}

const reason = missing();
if (reason !== undefined) console.log(`Not tested: llama.cpp on a GPU; ${reason}`);

const program = (path: string): string => `
  import { loadLlamaCpp } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
  const library = await loadLlamaCpp({ packages: [${JSON.stringify(name)}], from: ${JSON.stringify(from)} });
  const placed = [];
  library.onLog(({ text }) => /(model|KV) buffer size|offloaded/.test(text) && placed.push(text));
  const answer = async (gpuLayers) => {
    const model = await library.loadModel(${JSON.stringify(path)}, { gpuLayers });
    const context = await model.createContext({ positions: 256, threads: 1 });
    const batch = context.createBatch();
    const rows = [];
    let tokens = [30, 90, 150, 33, 61];
    for (let position = 0; rows.length < 6; ) {
      batch.clear();
      let last = 0;
      for (const [at, token] of tokens.entries()) last = batch.add(token, position++, 0, at === tokens.length - 1);
      await context.decode(batch);
      const logits = Array.from(context.logitsAt(last));
      rows.push(logits);
      tokens = [logits.indexOf(Math.max(...logits))];
    }
    await model.dispose();
    await new Promise((resolve) => setImmediate(resolve));
    return { rows, placed: placed.splice(0) };
  };
  const result = { package: library.package, devices: library.devices(), cpu: await answer(0), gpu: await answer('all') };
  process.stdout.write(JSON.stringify(result));
`;

interface Answer {
  readonly rows: readonly (readonly number[])[];
  readonly placed: readonly string[];
}

(reason === undefined ? describe : describe.skip)("a GPU, played by Mesa's Vulkan driver for the processor", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcli-llama-gpu-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each<TinyArchitectureName>(['llama', 'gemma3'])(
    'is found, holds all layers, and writes the tokens that the processor writes: %s',
    async (architecture) => {
      const path = join(folder, `${architecture}.gguf`);
      await writeTinyGguf(path, architecture);
      const typescript = join(import.meta.dirname, '..', '..', 'inference', 'tests', 'run-typescript.mjs');
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--conditions=@mcli/source', '--import', typescript, '--input-type=module', '--eval', program(path)],
        {
          timeout: 100_000,
          killSignal: 'SIGKILL',
          maxBuffer: 2 ** 26,
          // In the process's own environment from its start: drivers read it there.
          env: { ...process.env, VK_DRIVER_FILES: join(drivers, String(driver)), GGML_VK_VISIBLE_DEVICES: '0' },
        },
      );
      const result = JSON.parse(stdout) as {
        readonly package: string;
        readonly devices: readonly {
          readonly name: string;
          readonly kind: string;
          readonly memory: { readonly total: number };
        }[];
        readonly cpu: Answer;
        readonly gpu: Answer;
      };
      expect(result.package).toBe(name);
      const device = result.devices.find((one) => one.name === 'Vulkan0');
      expect(device?.memory.total).toBeGreaterThan(2 ** 20);
      expect(result.devices.map((one) => one.name)).toContain('CPU');
      const layers = architecture === 'llama' ? 3 : 5;
      expect(result.gpu.placed.join('\n')).toContain(`offloaded ${layers}/${layers} layers to GPU`);
      expect(result.gpu.placed.join('\n')).toMatch(/Vulkan0 KV buffer size/);
      expect(result.cpu.placed.join('\n')).not.toContain('Vulkan0');
      // As far as no two tokens are about as likely: it rounds differently.
      for (const [step, row] of result.cpu.rows.entries()) {
        const other = result.gpu.rows[step] ?? [];
        expect(Math.max(...row.map((logit, token) => Math.abs(logit - (other[token] ?? NaN))))).toBeLessThan(0.25);
        const best = (logits: readonly number[]): number => logits.indexOf(Math.max(...logits));
        if (best(row) === best(other)) continue;
        expect((row[best(row)] ?? NaN) - (row[best(other)] ?? NaN)).toBeLessThan(0.5);
        expect(step).toBeGreaterThan(0);
        break;
      }
    },
  );
});
