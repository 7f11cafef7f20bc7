import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../contract.js';
import { InferenceError } from '../errors.js';

/** Used when the model's file has no template: the form most instruct models know. */
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
}

/**
 * A model's chat template. Texts of control tokens inside messages stay plain text: they are hidden while
 * the template runs, so that what still looks like a control token afterwards was written by the template.
 *
 * @throws InferenceError `unsupported` when the template refuses the conversation, with the template's words
 */
export function createChatTemplate(options: ChatTemplateOptions): (messages: readonly ChatMessage[]) => ChatPiece[] {
  const template = new Template(options.source ?? chatMl);
  const longestFirst = [...options.controls].sort((a, b) => b.length - a.length);
  const controls = longestFirst.length ? new RegExp(longestFirst.map(escapePattern).join('|'), 'g') : /(?!)/g;

  return (messages) => {
    const veil = new Veil(messages);
    let rendered: string;
    try {
      rendered = template.render({
        messages: messages.map(({ role, content, name }) => ({
          role,
          content: veil.hide(content, controls),
          ...(name === undefined ? {} : { name: veil.hide(name, controls) }),
        })),
        add_generation_prompt: true,
        bos_token: options.bos ?? '',
        eos_token: options.eos ?? '',
      });
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      const message = `The model's chat template refuses these messages: ${words}`;
      throw new InferenceError('unsupported', message, { details: { field: 'prompt' }, cause });
    }
    return cut(rendered, controls, veil);
  };
}

function cut(rendered: string, controls: RegExp, veil: Veil): ChatPiece[] {
  const pieces: ChatPiece[] = [];
  let from = 0;
  for (const match of rendered.matchAll(controls)) {
    if (match.index > from) pieces.push({ text: veil.lift(rendered.slice(from, match.index)) });
    pieces.push({ control: match[0] });
    from = match.index + match[0].length;
  }
  if (from < rendered.length) pieces.push({ text: veil.lift(rendered.slice(from)) });
  return pieces;
}

/** Replaces texts by marks made of a character that no message holds, and back. */
class Veil {
  readonly #mark: string;
  readonly #hidden: string[] = [];

  constructor(messages: readonly ChatMessage[]) {
    const held = messages.flatMap(({ content, name }) => [content, name ?? '']);
    let point = 0xf0000; // a plane for private use
    while (held.some((text) => text.includes(String.fromCodePoint(point)))) point++;
    this.#mark = String.fromCodePoint(point);
  }

  hide(text: string, what: RegExp): string {
    return text.replace(what, (found) => `${this.#mark}${this.#hidden.push(found) - 1}${this.#mark}`);
  }

  lift(text: string): string {
    if (!text.includes(this.#mark)) return text;
    return text.replace(
      new RegExp(`${this.#mark}(\\d+)${this.#mark}`, 'gu'),
      (_, at) => this.#hidden[Number(at)] ?? '',
    );
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
