import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeTinyGguf } from '@mcli/model-builder/testing';
import { temporaryHome } from './testing/mcli.js';
import { UnreadMcli } from './testing/unread-mcli.js';

const isLinux = process.platform === 'linux';
if (!isLinux) console.log('Skipped: /dev/full and the list of processes in /proc are there on Linux only.');

(isLinux ? describe : describe.skip)('A server that is started by mcli', () => {
  const home = temporaryHome();
  const model = join(home.path, 'tiny.gguf');
  let server: UnreadMcli | undefined;

  beforeAll(() => writeTinyGguf(model, { seed: 4 }));
  afterEach(() => server?.end());
  afterAll(() => home.remove());

  it('is not ended by SIGHUP, whether it loads or serves, and whoever gets it', async () => {
    const started = (server = await UnreadMcli.spawn(home.path, ['--model', model]));
    await started.until(async () => (await started.get('/livez').catch(() => undefined))?.status === 200);
    process.kill(started.pid, 'SIGHUP');
    await started.untilReady();
    process.kill(started.pid, 'SIGHUP');
    process.kill(-started.pid, 'SIGHUP'); // as when its terminal is closed: the engine's process gets it too
    await sleep(200);
    expect(started.processes().length).toBeGreaterThan(1);
    expect(await started.answer()).toEqual({ model: 'tiny', tokens: expect.any(Number) });
    expect((await started.get('/readyz')).status).toBe(200);
    process.kill(started.pid, 'SIGTERM');
    expect(await started.ended()).toEqual({ code: 0, signal: null });
  }, 180_000);

  it.each([
    ['stdout', 1],
    ['stderr', 2],
    ['stdout and stderr', 3],
  ])(
    'lives and answers with %s on a full disk',
    async (_, streams) => {
      const full = openSync('/dev/full', 'w');
      const started = (server = await UnreadMcli.spawn(
        home.path,
        ['--model', model],
        ['ignore', streams & 1 ? full : 'ignore', streams & 2 ? full : 'ignore'],
      ));
      closeSync(full);
      await outlivesItsLog(started);
    },
    120_000,
  );

  it.each([
    ['before it has written anything', true],
    ['while it serves', false],
  ])(
    'lives and answers when both ends of its output are closed %s',
    async (_, early) => {
      const started = (server = await UnreadMcli.spawn(home.path, ['--model', model], ['ignore', 'pipe', 'pipe']));
      const close = () => [started.child.stdout, started.child.stderr].forEach((stream) => stream?.destroy());
      [started.child.stdout, started.child.stderr].forEach((stream) => stream?.resume());
      if (early) close();
      await started.untilReady();
      close();
      await outlivesItsLog(started);
    },
    120_000,
  );

  /** Makes it write lines of every kind and looks whether it still answers. */
  async function outlivesItsLog(started: UnreadMcli): Promise<void> {
    await started.untilReady();
    for (let round = 0; round < 20; round++) {
      expect((await started.get(`/v1/nothing/${round}`)).status).toBe(404);
      expect((await fetch(`${started.origin}/v1/models`)).status).toBe(401);
    }
    expect((await started.answer()).tokens).toBeGreaterThan(0);
    const before = started.processes();
    await sleep(200);
    expect(started.processes()).toEqual(before);
    expect((await started.answer()).tokens).toBeGreaterThan(0);
    process.kill(started.pid, 'SIGTERM');
    expect(await started.ended()).toEqual({ code: 0, signal: null });
  }
});

(isLinux ? describe : describe.skip)('A server that is told to stop while it builds its model', () => {
  const home = temporaryHome();
  const builds = join(home.path, 'builds');
  let server: UnreadMcli | undefined;

  afterEach(() => server?.end());
  afterAll(() => home.remove());

  /** The files of builds that are being made. */
  const halfBuilt = () =>
    existsSync(builds)
      ? readdirSync(builds, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.tmp-'))
      : [];

  const isBuilding = (what: string) => () => halfBuilt().some((name) => name.includes(what));

  it.each<[NodeJS.Signals, string, boolean, () => boolean, number]>([
    ['SIGTERM', 'at its beginning', false, isBuilding(''), 0],
    ['SIGINT', 'in the middle of its weights', false, isBuilding('.data'), 500],
    ['SIGINT', 'in the middle, with all its processes', true, isBuilding('.data'), 500],
    ['SIGTERM', 'while the cache is measured', false, isBuilding('calibration'), 0],
  ])(
    'ends with 0 at %s %s, and leaves nothing behind',
    async (signal, _, group, moment, laterMs) => {
      const started = (server = await UnreadMcli.spawn(home.path, []));
      await started.until(moment);
      await sleep(laterMs);
      const refused = await started.get('/v1/models');
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      const before = halfBuilt();
      expect(started.processes().length).toBeGreaterThan(1);
      process.kill(group ? -started.pid : started.pid, signal);
      expect(await started.ended()).toEqual({ code: 0, signal: null });
      expect(before.length).toBeGreaterThan(0);
      expect(readdirSync(builds)).toEqual([]);
    },
    240_000,
  );

  it('builds it at the next start and answers, and the start after that says how long it takes', async () => {
    const building = (server = await UnreadMcli.spawn(home.path, []));
    const estimates: number[] = [];
    await building.until(async () => {
      const reply = await building.get('/v1/models').catch(() => undefined);
      if (reply?.status === 503) estimates.push(Number(reply.headers.get('retry-after')));
      return reply?.status === 200;
    });
    expect(estimates.every((seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= 60)).toBe(true);
    expect((await building.answer()).tokens).toBeGreaterThan(0);
    process.kill(building.pid, 'SIGTERM');
    expect(await building.ended()).toEqual({ code: 0, signal: null });
    expect(halfBuilt()).toEqual([]);

    const times = JSON.parse(readFileSync(join(home.path, 'load-times.json'), 'utf8')) as Record<string, number>;
    const [loadMs = 0] = Object.values(times);
    expect(Object.keys(times)).toHaveLength(1);
    expect(loadMs).toBeGreaterThan(0);
    const loading = (server = await UnreadMcli.spawn(home.path, []));
    let first: Response | undefined;
    await loading.until(async () => (first = await loading.get('/v1/models').catch(() => undefined)) !== undefined);
    if (first?.status === 503) {
      expect(Number(first.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(first.headers.get('retry-after'))).toBeLessThanOrEqual(Math.ceil(loadMs / 1_000));
    }
    await loading.untilReady();
    expect((await loading.answer()).tokens).toBeGreaterThan(0);
    process.kill(loading.pid, 'SIGTERM');
    expect(await loading.ended()).toEqual({ code: 0, signal: null });
  }, 300_000);
});
