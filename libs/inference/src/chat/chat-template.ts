import type { ChatMessage } from '../contract.js';
import { InferenceError } from '../errors.js';
import { escapePattern } from '../tokenizer/escape-pattern.js';
import { Environment, parse, tokenize } from './jinja.js';
import { prepareTemplate } from './prepare-template.js';
import { strftime } from './strftime.js';
import { TemplateInterpreter } from './template-interpreter.js';
import type { TextMask } from './text-mask.js';
import { createTextMasks } from './text-mask.js';

/** Used when the model's file has no template that can be used: the form most instruct models know. */
const chatMl =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** A piece of a rendered conversation: plain text, or a control token that the template wrote. */
export type ChatPiece = { readonly text: string } | { readonly control: string };

export interface ChatTemplateOptions {
  /** Jinja source. @default ChatML */
  readonly source?: string | undefined;
  /** Texts of the control tokens. */
  readonly controls: readonly string[];
  readonly bos?: string | undefined;
  readonly eos?: string | undefined;
  /** Told in one sentence why ChatML takes the template's place. @default nobody is told */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * A model's chat template. It sees messages as the client sent them; texts of control tokens in them stay plain text.
 * A template that is missing or can't be read or run is replaced by ChatML, with a warning.
 *
 * @throws InferenceError `unsupported` when the template refuses the conversation, with the template's words, or when no
 *   character is left to mark what users wrote; `engine_failed` when the template fails on this conversation only
 */
export function createChatTemplate(options: ChatTemplateOptions): (messages: readonly ChatMessage[]) => ChatPiece[] {
  const longestFirst = [...options.controls].sort((a, b) => b.length - a.length);
  const controls = longestFirst.length ? new RegExp(longestFirst.map(escapePattern).join('|'), 'g') : /(?!)/g;
  const maskFor = createTextMasks(options.controls);
  const run = usableTemplate(options, maskFor);

  return (messages) => {
    const held = messages.flatMap(({ content, name }) => [content, name ?? '']);
    const mask = maskFor([...held, options.source ?? chatMl]);
    try {
      return cut(run(messages, mask), controls, mask);
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      if (!(cause instanceof Refusal))
        throw new InferenceError('engine_failed', `The model's chat template failed: ${words}`, { cause });
      const message = `The model's chat template refuses these messages: ${words}`;
      throw new InferenceError('unsupported', message, { details: { field: 'prompt' }, cause });
    }
  };
}

type Run = (messages: readonly ChatMessage[], mask: TextMask) => string;

/** What a template says with `raise_exception`. */
class Refusal extends Error {}

/** What a template is tried on when it is made, so that what the engine lacks shows before the first request. */
const trials: readonly (readonly ChatMessage[])[] = [
  [{ role: 'user', content: 'Hi' }],
  [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Bye' },
  ],
];

function usableTemplate(options: ChatTemplateOptions, maskFor: ReturnType<typeof createTextMasks>): Run {
  const { onWarning } = options;
  if (!options.source?.trim()) {
    onWarning?.('There is no chat template: ChatML takes its place.');
    return compile(chatMl, options);
  }
  try {
    const run = compile(options.source, options);
    for (const conversation of trials) {
      try {
        run(conversation, maskFor([options.source]));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    return run;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    onWarning?.(`The chat template can't be used, ChatML takes its place: ${words}`);
    return compile(chatMl, options);
  }
}

function compile(source: string, options: ChatTemplateOptions): Run {
  const program = parse(tokenize(prepareTemplate(source), { lstrip_blocks: true, trim_blocks: true }));
  return (messages, mask) => {
    const environment = new Environment();
    const variables = {
      ...{ true: true, True: true, false: false, False: false, none: null, None: null },
      raise_exception: (words: unknown) => {
        throw new Refusal(mask.lift(String(words)));
      },
      range: (first: number, end?: number, step = 1) => {
        const [from, to] = end === undefined ? [0, first] : [first, end];
        if (!step) throw new Error('range() step must not be zero');
        return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, at) => from + at * step);
      },
      strftime_now: (format: string) => strftime(format, new Date()),
      messages: messages.map(({ role, content, name }) => ({
        role,
        content: mask.hide(content),
        ...(name === undefined ? {} : { name: mask.hide(name) }),
      })),
      add_generation_prompt: true,
      bos_token: options.bos ?? '',
      eos_token: options.eos ?? '',
    };
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    return String(new TemplateInterpreter(environment, mask).run(program).value);
  };
}

function cut(rendered: string, controls: RegExp, mask: TextMask): ChatPiece[] {
  const pieces: ChatPiece[] = [];
  let from = 0;
  for (const match of rendered.matchAll(controls)) {
    if (match.index > from) pieces.push({ text: mask.lift(rendered.slice(from, match.index)) });
    pieces.push({ control: match[0] });
    from = match.index + match[0].length;
  }
  if (from < rendered.length) pieces.push({ text: mask.lift(rendered.slice(from)) });
  return pieces;
}
