import type { Progress } from '@mcli/model-server';

/** `Preparing a-model: converting the weights … 43 %, about 6 s left`: as much of it as is known. */
export function progressLine({ phase, fraction, secondsLeft }: Progress): string {
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`;
  const left = secondsLeft === undefined ? '' : `, about ${inWords(secondsLeft)} left`;
  return `${phase} …${percent}${left}`;
}

function inWords(seconds: number): string {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}
