/** Adds up what tells two distributions over the next token apart, token by token. */
export class Divergence {
  #divergence = 0;
  #same = 0;
  #surprise = 0;
  #referenceSurprise = 0;
  #tokens = 0;

  /**
   * @param {Float32Array} reference logits
   * @param {Float32Array} logits of the form that is measured
   * @param {number} next the token that the text goes on with
   */
  add(reference, logits, next) {
    const [base, total] = [logSum(reference), logSum(logits)];
    for (let token = 0; token < reference.length; token++) {
      const expected = reference[token] - base;
      if (expected > -30) this.#divergence += Math.exp(expected) * (expected - (logits[token] - total));
    }
    this.#same += likeliest(reference) === likeliest(logits) ? 1 : 0;
    this.#surprise += total - logits[next];
    this.#referenceSurprise += base - reference[next];
    this.#tokens++;
  }

  /** Mean Kullback–Leibler divergence per token from the reference, ratio of perplexities, share of equal top tokens. */
  result() {
    return {
      tokens: this.#tokens,
      divergence: this.#divergence / this.#tokens,
      perplexity: Math.exp((this.#surprise - this.#referenceSurprise) / this.#tokens),
      sameTop: this.#same / this.#tokens,
    };
  }
}

export function likeliest(logits) {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token;
  return best;
}

function logSum(logits) {
  let largest = -Infinity;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}
