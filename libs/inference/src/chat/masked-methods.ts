import type { TextMask } from './text-mask.js';

type Plain = string | number | boolean | null | undefined | readonly Plain[];

/** Python's string methods that compare, on masked text: they find what the client wrote and keep the mask. */
export function maskedMethod(text: string, method: string, args: readonly Plain[], mask: TextMask): unknown {
  const seen = mask.lift(text);
  const lifted = (at: number) => (typeof args[at] === 'string' ? mask.lift(args[at] as string) : args[at]);
  const any = () => [args[0] ?? ''].flat().map((one) => mask.lift(String(one)));
  switch (method) {
    case 'startswith':
      return any().some((start) => seen.startsWith(start));
    case 'endswith':
      return any().some((end) => seen.endsWith(end));
    case 'find':
      return seen.indexOf(String(lifted(0)));
    case 'rfind':
      return seen.lastIndexOf(String(lifted(0)));
    case 'count':
      return seen.split(String(lifted(0))).length - 1;
    case 'split':
    case 'rsplit':
    case 'replace': {
      const [sought, limit] = [lifted(0), args[method === 'replace' ? 2 : 1]];
      if (typeof sought !== 'string' || sought === '') return undefined;
      const most = typeof limit === 'number' && limit >= 0 ? limit : Infinity;
      const parts = cut(text, places(seen, sought, most, method === 'rsplit'), sought.length);
      return method === 'replace' ? parts.join(String(args[1] ?? '')) : parts;
    }
    case 'strip':
    case 'lstrip':
    case 'rstrip': {
      const set = lifted(0);
      const drop = (unit: string) => (typeof set === 'string' ? set.includes(unit) : /\s/.test(unit));
      let [from, to] = [0, seen.length];
      if (method !== 'rstrip') while (from < to && drop(seen.charAt(from))) from++;
      if (method !== 'lstrip') while (to > from && drop(seen.charAt(to - 1))) to--;
      return text.slice(from, to);
    }
    case 'removeprefix':
      return seen.startsWith(String(lifted(0))) ? text.slice(String(lifted(0)).length) : text;
    case 'removesuffix':
      return seen.endsWith(String(lifted(0))) ? text.slice(0, text.length - String(lifted(0)).length) : text;
    case 'format': {
      let next = 0;
      return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (found, at: string | undefined) => {
        if (at === undefined) return found.charAt(0);
        const value = args[at === '' ? next++ : Number(at)];
        if (value === undefined) throw new Error(`format() can't fill '${found}'`);
        return String(value);
      });
    }
    default:
      return undefined;
  }
}

function places(seen: string, sought: string, most: number, fromEnd: boolean): number[] {
  const found: number[] = [];
  if (fromEnd) {
    let end = seen.length;
    for (let at; found.length < most && end >= sought.length; end = at) {
      at = seen.lastIndexOf(sought, end - sought.length);
      if (at < 0) break;
      found.push(at);
    }
    return found.reverse();
  }
  for (let at = seen.indexOf(sought); at >= 0 && found.length < most; at = seen.indexOf(sought, at + sought.length)) {
    found.push(at);
  }
  return found;
}

function cut(text: string, at: readonly number[], length: number): string[] {
  const starts = [0, ...at.map((place) => place + length)];
  return starts.map((start, index) => text.slice(start, at[index] ?? text.length));
}
