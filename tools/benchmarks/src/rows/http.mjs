import { nativeEnvironment } from '../ours/environment.mjs';
import { sampleText } from '../sample-text.mjs';
import { Server } from '../server.mjs';
import { Side } from '../side.mjs';
import { median } from '../statistics.mjs';
import { measuredByEngine } from './results.mjs';

const group = 'http';
const manyClients = 8;

/**
 * What clients of the real server see, on each engine by turns: time to the first text, and tokens a second.
 *
 * @param {import('../models/benchmark-models.mjs').BenchmarkModel} model
 * @param {{ engines: string[], threads?: number, pairs: number, progress: (text: string) => void }} options
 */
export async function measureHttp(model, { engines, threads, pairs, progress }) {
  // Building a large model and holding it twice is measured nowhere else either.
  const served = model.isEmbedded ? engines : engines.filter((engine) => engine !== 'onnx');
  const written = model.isEmbedded ? 96 : 48;
  const endTokens = await readEndTokens(model);
  const servers = {};
  const seen = {};
  try {
    for (const engine of served) {
      servers[engine] = await Server.start(flagsOf(model, engine), { threads });
      seen[engine] = { 1: [], [manyClients]: [] };
    }
    const rounds = Math.min(5, pairs);
    for (let round = 0; round <= rounds; round++) {
      progress(`${model.title}: over HTTP, ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const [engine, server] of Object.entries(servers))
        for (const clients of [1, manyClients]) {
          const answers = await ask(server, { model, clients, round, written, endTokens });
          if (round > 0) seen[engine][clients].push(answers);
        }
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  return [1, manyClients].flatMap((clients) => toResults(clients, served, seen));
}

function flagsOf({ id, path, isEmbedded }, engine) {
  const model = isEmbedded ? [] : ['--model', path, '--model-id', id];
  return [...model, '--engine', engine];
}

/** All clients at once, each with a question of its own of about 130 tokens. */
async function ask(server, { model, clients, round, written, endTokens }) {
  const logit_bias = Object.fromEntries(endTokens.map((token) => [token, -100]));
  const text = sampleText(400 * clients);
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: clients }, (_, client) => {
      const content = `${round}.${client}.${clients} Sum this text up in a few words.\n${text.slice(400 * client, 400 * client + 400)}`;
      const messages = [{ role: 'user', content }];
      return server.stream({ model: model.id, messages, max_tokens: written, temperature: 0, logit_bias }).done;
    }),
  );
  return summarizeAnswers(started, answers);
}

/**
 * The median of the clients' times to the first text; tokens a second of all together: of one client from its first text
 * on, of several from the first request to the last token.
 *
 * @param {number} started
 * @param {{ tokens: number, times: number[], textAt?: number }[]} answers
 */
export function summarizeAnswers(started, answers) {
  const ended = Math.max(...answers.map(({ times }) => times.at(-1)));
  const firsts = answers.map(({ textAt = ended }) => textAt - started);
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens, 0);
  const perSecond = answers.length === 1 ? (tokens - 1) / (ended - started - firsts[0]) : tokens / (ended - started);
  return { firstMs: median(firsts), perSecond: 1000 * perSecond };
}

function toResults(clients, engines, seen) {
  const of = (figure) =>
    Object.fromEntries(engines.map((engine) => [engine, seen[engine][clients].map((answers) => answers[figure])]));
  const who = clients === 1 ? '1 client' : `${clients} clients at once`;
  const what = clients === 1 ? 'tokens/s after it' : 'tokens/s of all together';
  return [
    measuredByEngine({
      id: `http-first-${clients}`,
      group,
      title: `over HTTP, ${who}: time to first text`,
      unit: 'ms',
      values: of('firstMs'),
    }),
    measuredByEngine({
      id: `http-speed-${clients}`,
      group,
      title: `over HTTP, ${who}: ${what}`,
      unit: 'tokens/s',
      values: of('perSecond'),
    }),
  ];
}

/** The tokens that end an answer, which are banned: all answers get the same length. */
async function readEndTokens({ id, path }) {
  const side = new Side('engine', new URL('../ours/engine-side.mjs', import.meta.url), nativeEnvironment);
  try {
    const given = { engine: 'llama.cpp', model: { id, path }, context: 256, slots: 1 };
    return (await side.call('load', given)).endTokens;
  } finally {
    await side.close();
  }
}
