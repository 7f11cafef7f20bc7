import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const nxFolder = join(root, 'node_modules/nx');
const { bin } = JSON.parse(readFileSync(join(nxFolder, 'package.json'), 'utf8')) as { bin: { nx: string } };
const nxProgram = join(nxFolder, bin.nx);

describe('A planted violation of the boundaries fails lint:', () => {
  it.each([
    ['openai-schema', 'src', "import '@mcli/inference';", /enforce-module-boundaries/],
    ['http-adapter', 'src', "import '@mcli/auth-keys';", /no-restricted-imports|enforce-module-boundaries/],
    ['http-adapter', 'src/endpoints', "import 'express';", /no-restricted-imports/],
    ['inference', 'src/engine', "import '@mcli/ort';", /no-restricted-imports/],
    ['auth-keys', 'src', 'export const home = process.env.HOME;', /no-process-env/],
  ])(
    '%s, %s: %s',
    (project, folder, source, rule) => {
      const file = join(root, 'libs', project, folder, 'planted-violation.ts');
      try {
        writeFileSync(file, `${source}\n`);
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [nxProgram, 'lint', project, '--skip-nx-cache'],
          { cwd: root, encoding: 'utf8', env: outsideNx() },
        );
        expect(`${stdout}${stderr}`).toMatch(rule);
        expect(`${stdout}${stderr}`).toContain('planted-violation.ts');
        expect(status).not.toBe(0);
      } finally {
        rmSync(file, { force: true });
      }
    },
    60_000,
  );
});

/** The environment without what the Nx that runs this test set for its own. */
function outsideNx(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(NX_|NODE_OPTIONS|LERNA_)/.test(name));
  return { ...Object.fromEntries(kept), NX_ISOLATE_PLUGINS: 'false', NX_NO_CLOUD: 'true', NX_DAEMON: 'false' };
}
