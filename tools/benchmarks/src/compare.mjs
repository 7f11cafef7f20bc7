import { positionsOf, tokensOf } from './speed-rows.mjs';
import { median, medianInterval } from './statistics.mjs';

/** A form that is this much slower than the fastest in the trial doesn't take part in the rounds. */
const hopeless = 0.85;

/**
 * Measures one row, our engines and llama.cpp by turns.
 *
 * Each of llama.cpp's forms is tried first; those near the fastest take part in every round: our first engine, form 1,
 * form 2, our second engine, and again. The form whose median is fastest stands in the result. A round's ratio is ours ÷
 * that form within the same round, so that a machine that slows down for a while slows both.
 */
export class Comparison {
  /** @type {{ ours: Record<string, number>, llama: Record<string, number> }[]} tokens a second */
  rounds = [];
  #sides;
  #given;
  #forms = [];
  #trial = {};
  #target;

  /**
   * @param {import('./speed-rows.mjs').SpeedRow} row
   * @param {{ ours: Record<string, import('./side.mjs').Side>, llama: import('./side.mjs').Side, tokens: number[] }} sides
   * @param {number} [target] least ratio of our better engine
   */
  constructor(row, sides, target) {
    this.row = row;
    this.#sides = sides;
    this.#target = target;
    const { sequences, count } = row;
    this.#given = { tokens: sides.tokens.slice(0, row.tokens), sequences, count, room: positionsOf([row]) };
  }

  /**
   * Warms all sides up and finds the forms that are worth comparing with.
   *
   * @param {import('./llama/forms.mjs').LlamaForm[]} forms
   * @param {{ tries: number, most: number, share?: number }} options `share` of the prompt and the
   * answer that a trial takes
   */
  async prepare(forms, { tries, most, share = 1 }) {
    const trial = { ...this.#given };
    trial.tokens = trial.tokens.slice(0, Math.ceil(this.row.tokens * share));
    if (trial.count) trial.count = Math.ceil(trial.count * share);
    // More than once: an engine may still be finding out how many threads are fastest.
    for (const side of Object.values(this.#sides.ours))
      for (let at = 0; at < tries; at++) await side.call(this.row.action, trial);
    const work = tokensOf({ ...this.row, tokens: trial.tokens.length, count: trial.count });
    let fastest = 0;
    for (const form of forms) {
      let speed = 0;
      for (let at = 0; at < tries && (at === 0 || speed > 0.5 * fastest); at++) {
        const { ms } = await this.#sides.llama.call(this.row.action, { ...trial, form });
        speed = Math.max(speed, (1000 * work) / ms);
      }
      fastest = Math.max(fastest, speed);
      this.#trial[form.name] = speed;
    }
    this.#forms = [...forms]
      .sort((a, b) => this.#trial[b.name] - this.#trial[a.name])
      .filter(({ name }) => this.#trial[name] >= hopeless * fastest)
      .slice(0, most);
  }

  /** One round. */
  async measure() {
    const perSecond = ({ ms }) => (1000 * tokensOf(this.row)) / ms;
    const round = { ours: {}, llama: {} };
    const [first, ...others] = Object.keys(this.#sides.ours);
    const ask = async (engine) => {
      round.ours[engine] = perSecond(await this.#sides.ours[engine].call(this.row.action, this.#given));
    };
    await ask(first);
    for (const form of this.#forms)
      round.llama[form.name] = perSecond(await this.#sides.llama.call(this.row.action, { ...this.#given, form }));
    for (const engine of others) await ask(engine);
    this.rounds.push(round);
  }

  /** What was found so far. */
  result() {
    const { id, group, title } = this.row;
    return {
      id,
      group,
      title,
      unit: 'tokens/s',
      ...judge(this.rounds, this.#target),
      trial: this.#trial,
      rounds: this.rounds,
    };
  }
}

/**
 * What rounds say: llama.cpp's fastest form, each of our engines against it, and the better of them.
 *
 * @param {{ ours: Record<string, number>, llama: Record<string, number> }[]} rounds
 * @param {number} [target]
 */
export function judge(rounds, target) {
  const valueOf = (kind, name) => median(rounds.map((round) => round[kind][name]));
  const llama = Object.keys(rounds[0].llama)
    .map((form) => ({ form, value: valueOf('llama', form) }))
    .sort((a, b) => b.value - a.value)[0];
  const engines = {};
  for (const engine of Object.keys(rounds[0].ours)) {
    const ratios = rounds.map((round) => round.ours[engine] / round.llama[llama.form]);
    engines[engine] = { value: valueOf('ours', engine), ratio: median(ratios), interval: medianInterval(ratios) };
  }
  const best = Object.keys(engines).reduce((a, b) => (engines[b].ratio > engines[a].ratio ? b : a));
  const { ratio, interval } = engines[best];
  return {
    target: target === undefined ? undefined : { least: target, of: 'ratio' },
    engines,
    llama,
    best,
    ratio,
    interval,
    reached: target === undefined ? undefined : ratio >= target,
    pairs: rounds.length,
  };
}
