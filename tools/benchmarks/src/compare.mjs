import { median, medianInterval } from './statistics.mjs';
import { tokensOf } from './speed-rows.mjs';

/** A form that is this much slower than the fastest in the trial doesn't take part in the pairs. */
const hopeless = 0.88;

/**
 * Measures one row, ours and llama.cpp by turns.
 *
 * Each of llama.cpp's forms is tried first; those near the fastest take part in every round: ours, form 1, form 2, ours,
 * … The one whose median is fastest stands in the result. A round's ratio is ours ÷ that form within the same round,
 * so that a machine that slows down for a while slows both.
 */
export class Comparison {
  /** @type {{ ours: number, llama: Record<string, number> }[]} tokens a second */
  rounds = [];
  #forms = [];
  #trial = {};

  /**
   * @param {import('./speed-rows.mjs').SpeedRow} row
   * @param {{ ours: import('./side.mjs').Side, llama: import('./side.mjs').Side, tokens: number[] }} sides
   */
  constructor(row, { ours, llama, tokens }) {
    this.row = row;
    this.#ours = ours;
    this.#llama = llama;
    const room = row.tokens + (row.count ?? 0) + 8;
    this.#given = { tokens: tokens.slice(0, row.tokens), sequences: row.sequences, count: row.count, room };
  }
  #ours;
  #llama;
  #given;

  /**
   * Warms both sides up and finds the forms that are worth comparing with.
   *
   * @param {import('./llama/forms.mjs').LlamaForm[]} forms
   * @param {{ tries: number, most: number, share?: number }} options `share` of the row's work that a trial does
   */
  async prepare(forms, { tries, most, share = 1 }) {
    const trial = { ...this.#given };
    trial.tokens = trial.tokens.slice(0, Math.ceil(this.row.tokens * share));
    if (trial.count) trial.count = Math.ceil(trial.count * share);
    await this.#ours.call(this.row.action, trial);
    for (const form of forms) {
      const times = [];
      for (let at = 0; at < tries; at++) times.push((await this.#llama.call(this.row.action, { ...trial, form })).ms);
      this.#trial[form.name] = (1000 * tokensOf({ ...this.row, ...sizes(trial) })) / Math.min(...times);
    }
    const fastest = Math.max(...Object.values(this.#trial));
    this.#forms = forms
      .filter(({ name }) => this.#trial[name] >= hopeless * fastest)
      .sort((a, b) => this.#trial[b.name] - this.#trial[a.name])
      .slice(0, most);
  }

  /** One round. */
  async measure() {
    const perSecond = ({ ms }) => (1000 * tokensOf(this.row)) / ms;
    const ours = perSecond(await this.#ours.call(this.row.action, this.#given));
    const llama = {};
    for (const form of this.#forms)
      llama[form.name] = perSecond(await this.#llama.call(this.row.action, { ...this.#given, form }));
    this.rounds.push({ ours, llama });
  }

  /** What was found so far. */
  result() {
    const speeds = Object.fromEntries(
      this.#forms.map(({ name }) => [name, median(this.rounds.map(({ llama }) => llama[name]))]),
    );
    const [form, speed] = Object.entries(speeds).sort((a, b) => b[1] - a[1])[0] ?? ['none', NaN];
    const ratios = this.rounds.map(({ ours, llama }) => ours / llama[form]);
    const { id, group, title, target } = this.row;
    return {
      id,
      group,
      title,
      unit: 'tokens/s',
      target: { least: target, of: 'ratio' },
      ours: median(this.rounds.map(({ ours }) => ours)),
      llama: { form, value: speed },
      ratio: median(ratios),
      interval: medianInterval(ratios),
      reached: target === undefined ? undefined : median(ratios) >= target,
      pairs: this.rounds.length,
      trial: this.#trial,
      rounds: this.rounds,
    };
  }
}

function sizes({ tokens, count }) {
  return { tokens: tokens.length, count };
}
