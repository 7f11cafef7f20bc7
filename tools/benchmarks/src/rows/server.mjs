import { Server } from '../server.mjs';
import { median, quantile } from '../statistics.mjs';
import { compared, measured } from './results.mjs';

const group = 'server';
const written = 96;

/** The question of one user, about 130 tokens; all differ from the first word on, and from those of other rounds. */
function question(text, user, round = 0) {
  return `${round}.${user} Sum this text up in a few words.\n${text.slice(400 * user, 400 * user + 400)}`;
}

function body(text, user, endTokens, { maxTokens = written, round = 0 } = {}) {
  return {
    messages: [{ role: 'user', content: question(text, user, round) }],
    max_tokens: maxTokens,
    temperature: 0,
    logit_bias: Object.fromEntries(endTokens.map((token) => [token, -100])),
  };
}

function request(text, user, endTokens, round) {
  const given = body(text, user, endTokens, { round });
  return {
    prompt: given.messages,
    maxTokens: given.max_tokens,
    sampling: { temperature: 0, logitBias: given.logit_bias },
  };
}

/** HTTP, keys and SSE against the engine alone: eight streams each, by turns. */
export async function measureServerShare({ server, engine, endTokens, text }, { pairs, progress }) {
  const row = {
    id: 'server-share',
    group,
    title: 'server ÷ bare engine, 8 streams',
    unit: 'tokens/s',
    target: { least: 0.95 },
  };
  progress(row.title);
  const users = [0, 1, 2, 3, 4, 5, 6, 7];
  const throughHttp = async (round) => {
    const started = performance.now();
    const answers = await Promise.all(users.map((user) => server.stream(body(text, user, endTokens, { round })).done));
    const ended = Math.max(...answers.map(({ times }) => times.at(-1)));
    return (1000 * answers.reduce((sum, { tokens }) => sum + tokens, 0)) / (ended - started);
  };
  const bare = async (round) => {
    const requests = users.map((user) => request(text, user, endTokens, round));
    const { ms, answers } = await engine.call('generate', { requests });
    return (1000 * answers.reduce((sum, { usage }) => sum + usage.completionTokens, 0)) / ms;
  };
  const rounds = [];
  for (let at = 0; at <= pairs; at++) {
    const round = [await throughHttp(at), await bare(at)];
    if (at > 0) rounds.push(round);
  }
  return compared({ ...row, pairs: rounds });
}

/** `/health` and the others' streams while a long prompt is read. The server has nine slots. */
export async function measureUnderLoad({ server, endTokens, text, tokens }, { rounds, progress }) {
  progress('/health and running streams while 2,000 tokens are read');
  const characters = Math.round((2000 * text.length) / tokens);
  const health = [];
  const gaps = [];
  const readMs = [];
  for (let round = 0; round < rounds; round++) {
    const streams = Array.from({ length: 8 }, (_, user) =>
      server.stream(body(text, user, endTokens, { maxTokens: 96, round: 100 + round })),
    );
    await Promise.all(streams.map(({ writing }) => writing));
    let polling = true;
    const polls = (async () => {
      // Not without a pause: the poller would take a core from what it watches.
      for (; polling; await new Promise((done) => setTimeout(done, 20))) health.push((await server.get('/health')).ms);
    })();
    const started = performance.now();
    const content = `${round} ${text.slice(0, characters)}`;
    const reader = server.stream({ messages: [{ role: 'user', content }], max_tokens: 2, temperature: 0 });
    const { times } = await reader.done;
    const ended = times.at(-1);
    polling = false;
    await polls;
    readMs.push(ended - started);
    const answers = await Promise.all(streams.map(({ done }) => done));
    gaps.push(Math.max(...answers.map((answer) => longestGap(answer.times, started, ended))));
  }
  return [
    measured({
      id: 'health-p99',
      group,
      title: '/health p99 while 8 streams generate and 2,000 tokens are read',
      unit: 'ms',
      target: { most: 50 },
      values: health,
      value: quantile(health, 0.99),
    }),
    measured({
      id: 'longest-gap',
      group,
      title: 'longest gap between tokens of 8 running streams while 2,000 tokens are read',
      unit: 'ms',
      target: { most: 250 },
      values: gaps,
      value: Math.max(...gaps),
      readMs: median(readMs),
    }),
  ];
}

/** Between two tokens of which one at least came between `from` and `to`. */
function longestGap(times, from, to) {
  let longest = 0;
  for (let at = 1; at < times.length; at++)
    if (times[at] >= from && times[at - 1] <= to) longest = Math.max(longest, times[at] - times[at - 1]);
  return longest;
}

/** How long the next user waits for the only slot after the one before hung up. */
export async function measureHangUp({ endTokens, text, threads }, { rounds, progress }) {
  const title = 'client gone → slot free and taken by the next';
  progress(title);
  const server = await Server.start(['--slots', '1'], { threads });
  try {
    const waits = [];
    const steps = [];
    for (let round = 0; round < rounds; round++) {
      const leaving = server.stream(body(text, round % 8, endTokens, { maxTokens: 1000, round }));
      leaving.done.catch(() => undefined);
      await leaving.first;
      await new Promise((done) => setTimeout(done, 300));
      const next = server.stream(body(text, 8, endTokens, { maxTokens: 8, round }));
      await new Promise((done) => setTimeout(done, 100));
      const left = performance.now();
      leaving.leave();
      waits.push((await next.first) - left);
      const { times } = await next.done;
      steps.push(median(times.slice(2).map((time, at) => time - times[at + 1])));
    }
    const step = median(steps);
    return measured({
      id: 'hang-up',
      group,
      title,
      unit: 'ms',
      target: { most: Number((100 + step).toFixed(1)) },
      values: waits,
      value: Math.max(...waits),
      stepMs: step,
    });
  } finally {
    await server.stop();
  }
}
