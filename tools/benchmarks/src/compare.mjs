import { withOneThread } from './llama/forms.mjs';
import { tokensOf } from './speed-rows.mjs';
import { median, medianInterval } from './statistics.mjs';

/** A form that is this much slower than the fastest in the trial doesn't take part in the pairs. */
const hopeless = 0.85;

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
  #ours;
  #llama;
  #given;
  #forms = [];
  /** The fastest form with one thread, where that may be faster. Stands beside the result. */
  #alone;
  #trial = {};

  /**
   * @param {import('./speed-rows.mjs').SpeedRow} row
   * @param {{ ours: import('./side.mjs').Side, llama: import('./side.mjs').Side, tokens: number[], threads: number }} sides
   */
  constructor(row, { ours, llama, tokens, threads }) {
    this.row = row;
    this.#ours = ours;
    this.#llama = llama;
    const room = row.tokens + (row.count ?? 0) + 8;
    this.#given = { tokens: tokens.slice(0, row.tokens), sequences: row.sequences, count: row.count, room };
    this.mayBeFasterAlone = threads > 1 && row.action === 'decode' && row.sequences === 1;
  }

  /**
   * Warms both sides up and finds the forms that are worth comparing with.
   *
   * @param {import('./llama/forms.mjs').LlamaForm[]} forms
   * @param {{ tries: number, most: number, share?: number }} options `share` of the prompt and the
   * answer that a trial takes
   */
  async prepare(forms, { tries, most, share = 1 }) {
    const trial = { ...this.#given };
    trial.tokens = trial.tokens.slice(0, Math.ceil(this.row.tokens * share));
    if (trial.count) trial.count = Math.ceil(trial.count * share);
    await this.#ours.call(this.row.action, trial);
    const work = tokensOf({ ...this.row, tokens: trial.tokens.length, count: trial.count });
    let fastest = 0;
    const rank = async (candidates) => {
      for (const form of candidates) {
        let speed = 0;
        for (let at = 0; at < tries && (at === 0 || speed > 0.5 * fastest); at++) {
          const { ms } = await this.#llama.call(this.row.action, { ...trial, form });
          speed = Math.max(speed, (1000 * work) / ms);
        }
        fastest = Math.max(fastest, speed);
        this.#trial[form.name] = speed;
      }
      return [...candidates].sort((a, b) => this.#trial[b.name] - this.#trial[a.name]);
    };
    const ranked = await rank(forms);
    this.#forms = ranked
      .filter(({ name }) => this.#trial[name] >= hopeless * this.#trial[ranked[0].name])
      .slice(0, most);
    if (this.mayBeFasterAlone) [this.#alone] = await rank(forms.map(withOneThread));
  }

  /** One round. */
  async measure() {
    const perSecond = ({ ms }) => (1000 * tokensOf(this.row)) / ms;
    const ours = perSecond(await this.#ours.call(this.row.action, this.#given));
    const llama = {};
    for (const form of this.#alone ? [...this.#forms, this.#alone] : this.#forms)
      llama[form.name] = perSecond(await this.#llama.call(this.row.action, { ...this.#given, form }));
    this.rounds.push({ ours, llama });
  }

  /** What was found so far. */
  result() {
    const best = this.#forms.map(({ name }) => this.#against(name)).sort((a, b) => b.llama.value - a.llama.value)[0];
    const { id, group, title, target } = this.row;
    return {
      id,
      group,
      title,
      unit: 'tokens/s',
      target: target === undefined ? undefined : { least: target, of: 'ratio' },
      ours: median(this.rounds.map(({ ours }) => ours)),
      ...best,
      reached: target === undefined ? undefined : best.ratio >= target,
      oneThread: this.#alone && this.#against(this.#alone.name),
      pairs: this.rounds.length,
      trial: this.#trial,
      rounds: this.rounds,
    };
  }

  #against(form) {
    const ratios = this.rounds.map(({ ours, llama }) => ours / llama[form]);
    return {
      llama: { form, value: median(this.rounds.map(({ llama }) => llama[form])) },
      ratio: median(ratios),
      interval: medianInterval(ratios),
    };
  }
}
