import { Server } from '../server.mjs';
import { measured, unavailable } from './results.mjs';

const group = 'memory';
const idle = {
  id: 'memory-idle',
  group,
  title: 'resident memory, ready and idle',
  unit: 'MB',
  target: { most: 450 },
};
const full = {
  id: 'memory-8x1000',
  group,
  title: 'resident memory, 8 streams × 1,000 positions',
  unit: 'MB',
  target: { most: 650 },
};

/** Of all processes of a server with default settings. */
export async function measureMemory({ endTokens, text, threads }, { progress }) {
  progress('resident memory');
  const server = await Server.start(['--threads', `${threads}`]);
  try {
    const before = server.memory();
    if (!before) return [idle, full].map((row) => unavailable(row, 'only measured on Linux'));
    const streams = Array.from({ length: 8 }, (_, user) =>
      server.stream({
        messages: [{ role: 'user', content: `${user} ${text.slice(2000 * user, 2000 * user + 3600)}` }],
        max_tokens: 100,
        temperature: 0,
        logit_bias: Object.fromEntries(endTokens.map((token) => [token, -100])),
      }),
    );
    let most = before;
    const timer = setInterval(() => {
      const now = server.memory();
      if (now.resident > most.resident) most = now;
    }, 250);
    await Promise.all(streams.map(({ done }) => done));
    clearInterval(timer);
    const row = (given, { resident, shared }) =>
      measured({ ...given, values: [resident / 1e6], sharedPagesOnceMb: shared / 1e6 });
    return [row(idle, before), row(full, most)];
  } finally {
    await server.stop();
  }
}
