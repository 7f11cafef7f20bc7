import { statSync } from 'node:fs';
import { sampleText } from '../sample-text.mjs';
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

/** Of all processes of a server with default settings and a model of real size, which reads a prompt and answers. */
export async function measureMemoryOf({ id, title, path }, { threads, progress }) {
  progress(`${title}: resident memory`);
  const bytes = statSync(path).size;
  const row = {
    id: 'memory-answering',
    group,
    title: `resident memory, most while 500 tokens are read and answered; its file has ${Math.round(bytes / 1e6)} MB`,
    unit: 'MB',
    target: { most: Math.round((2 * bytes) / 1e6) },
  };
  const server = await Server.start(['--model', path, '--model-id', id], { threads });
  try {
    if (!server.memory()) return unavailable(row, 'only measured on Linux');
    const messages = [{ role: 'user', content: sampleText(1_800) }];
    const stream = server.stream({ model: id, messages, max_tokens: 32, temperature: 0 });
    const most = await mostWhile(server, stream.done);
    return toResult({ ...row, engine: 'llama.cpp' }, most);
  } finally {
    await server.stop();
  }
}

/** The most that a server takes while something is being done. */
async function mostWhile(server, done) {
  let most = server.memory();
  const look = () => {
    const now = server.memory();
    if (now.resident > most.resident) most = now;
  };
  const timer = setInterval(look, 250);
  try {
    await done;
    look();
    return most;
  } finally {
    clearInterval(timer);
  }
}

function toResult(row, { resident, shared }) {
  return measured({ ...row, values: [resident / 1e6], sharedPagesOnceMb: shared / 1e6 });
}

/** Of all processes of a server with default settings. */
export async function measureMemory({ endTokens, text, threads }, { progress }) {
  progress('resident memory');
  const server = await Server.start([], { threads });
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
    const most = await mostWhile(server, Promise.all(streams.map(({ done }) => done)));
    return [toResult(idle, before), toResult(full, most)];
  } finally {
    await server.stop();
  }
}
