const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** A local time in the C locale, by the directives of strftime(3), `%-d` (no padding) too. Unknown ones stay. */
export function strftime(format: string, at: Date): string {
  return format.replace(/%([-_0^#]?)([EO]?)([a-zA-Z%+])/g, (whole, flag: string, _: string, directive: string) => {
    const found = directiveOf(directive, at);
    if (found === undefined) return whole;
    if (typeof found === 'string') return flag === '^' ? found.toUpperCase() : found;
    const [number, width, fill] = found;
    if (flag === '-') return String(number);
    return String(number).padStart(width, flag === '_' ? ' ' : flag === '0' ? '0' : fill);
  });
}

function directiveOf(directive: string, at: Date): string | [number: number, width: number, fill: string] | undefined {
  const [year, month, day, hour] = [at.getFullYear(), at.getMonth(), at.getDate(), at.getHours()];
  const midnight = (y: number, m: number, d: number) => Date.UTC(y, m, d) / 86_400_000;
  const yearDay = midnight(year, month, day) - midnight(year, 0, 1);
  const weekday = at.getDay();
  const monday = (weekday + 6) % 7;
  const thursday = new Date(year, month, day - monday + 3);
  const offset = -at.getTimezoneOffset();
  const two = (number: number): [number, number, string] => [number, 2, '0'];
  switch (directive) {
    case 'a':
      return (days[weekday] as string).slice(0, 3);
    case 'A':
      return days[weekday];
    case 'b':
    case 'h':
      return (months[month] as string).slice(0, 3);
    case 'B':
      return months[month];
    case 'c':
      return strftime('%a %b %e %H:%M:%S %Y', at);
    case 'C':
      return two(Math.floor(year / 100));
    case 'd':
      return two(day);
    case 'D':
    case 'x':
      return strftime('%m/%d/%y', at);
    case 'e':
      return [day, 2, ' '];
    case 'f':
      return [at.getMilliseconds() * 1000, 6, '0'];
    case 'F':
      return strftime('%Y-%m-%d', at);
    case 'g':
      return two(thursday.getFullYear() % 100);
    case 'G':
      return [thursday.getFullYear(), 1, '0'];
    case 'H':
      return two(hour);
    case 'I':
      return two(hour % 12 || 12);
    case 'j':
      return [yearDay + 1, 3, '0'];
    case 'k':
      return [hour, 2, ' '];
    case 'l':
      return [hour % 12 || 12, 2, ' '];
    case 'm':
      return two(month + 1);
    case 'M':
      return two(at.getMinutes());
    case 'n':
      return '\n';
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'P':
      return hour < 12 ? 'am' : 'pm';
    case 'r':
      return strftime('%I:%M:%S %p', at);
    case 'R':
      return strftime('%H:%M', at);
    case 's':
      return String(Math.floor(at.getTime() / 1000));
    case 'S':
      return two(at.getSeconds());
    case 't':
      return '\t';
    case 'T':
    case 'X':
      return strftime('%H:%M:%S', at);
    case 'u':
      return String(monday + 1);
    case 'U':
      return two(Math.floor((yearDay + 7 - weekday) / 7));
    case 'V': {
      const start = midnight(thursday.getFullYear(), 0, 1);
      const reached = midnight(thursday.getFullYear(), thursday.getMonth(), thursday.getDate());
      return two(Math.floor((reached - start) / 7) + 1);
    }
    case 'w':
      return String(weekday);
    case 'W':
      return two(Math.floor((yearDay + 7 - monday) / 7));
    case 'y':
      return two(year % 100);
    case 'Y':
      return [year, 1, '0'];
    case 'z': {
      const minutes = Math.abs(offset);
      const clock = Math.floor(minutes / 60) * 100 + (minutes % 60);
      return `${offset < 0 ? '-' : '+'}${String(clock).padStart(4, '0')}`;
    }
    case 'Z':
      return new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).format(at).split(', ')[1] ?? '';
    case '%':
      return '%';
    default:
      return undefined;
  }
}
