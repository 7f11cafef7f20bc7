import { Environment, Interpreter } from './jinja.js';
import type { TemplateEnvironment, TemplateNode as Node, TemplateValue as Value } from './jinja.js';
import { maskedMethod } from './masked-methods.js';
import type { TextMask } from './text-mask.js';

/** A node of any kind, with the fields that are read here. */
interface Fields extends Node {
  readonly operator: { readonly value: string };
  readonly left: Fields;
  readonly right: Fields;
  readonly callee: Fields;
  readonly object: Fields;
  readonly property: Fields;
  readonly computed: boolean;
  readonly args: readonly Fields[];
  readonly operand: Fields;
  readonly filter: Fields;
  readonly value: unknown;
}

/** Runs a template on masked texts so that its comparisons see them bare; has what the engine lacks of Jinja. */
export class TemplateInterpreter extends Interpreter {
  readonly #mask: TextMask;

  constructor(environment: TemplateEnvironment, mask: TextMask) {
    super(environment);
    this.#mask = mask;
  }

  override evaluate(statement: Node | undefined, environment: TemplateEnvironment): Value {
    const node = statement as Fields | undefined;
    if (node?.type === 'EvaluatedValue') return node.value as Value;
    const own =
      node?.type === 'BinaryExpression'
        ? this.#binary(node, environment)
        : node?.type === 'CallExpression'
          ? this.#call(node, environment)
          : node?.type === 'FilterExpression'
            ? this.#filter(node, environment)
            : undefined;
    return own ?? super.evaluate(statement, environment);
  }

  #binary(node: Fields, environment: TemplateEnvironment): Value | undefined {
    const operator = node.operator.value;
    if (!['==', '!=', 'in', 'not in', '%'].includes(operator)) return undefined;
    const [left, right] = [this.evaluate(node.left, environment), this.evaluate(node.right, environment)];
    if (operator === '%' && isText(left)) {
      const values = Array.isArray(right.value) ? (right.value as Value[]) : [right];
      return asValue(printf(left.value, values));
    }
    const bare = operator === '%' ? [left, right] : [this.#lift(left), this.#lift(right)];
    return super.evaluate(
      { ...node, left: done(bare[0] as Value), right: done(bare[1] as Value) } as Node,
      environment,
    );
  }

  #call(node: Fields, environment: TemplateEnvironment): Value | undefined {
    const { callee } = node;
    if (callee.type !== 'MemberExpression' || callee.computed) return undefined;
    const object = this.evaluate(callee.object, environment);
    const method = String(callee.property.value);
    const positional = node.args.every(({ type }) => !/^(Keyword|Spread)/.test(type));
    if (positional && isText(object)) {
      const args = node.args.map((arg) => this.evaluate(arg, environment));
      const result = maskedMethod(object.value, method, args.map(plain) as string[], this.#mask);
      if (result !== undefined) return asValue(result);
    }
    if (positional && method === 'cycle' && object.value instanceof Map && node.args.length) {
      const index = object.value.get('index0') as Value | undefined;
      if (index) return this.evaluate(node.args[Number(index.value) % node.args.length], environment);
    }
    return super.evaluate({ ...node, callee: { ...callee, object: done(object) } } as Node, environment);
  }

  #filter(node: Fields, environment: TemplateEnvironment): Value | undefined {
    const called = node.filter.type === 'CallExpression';
    const name = String((called ? node.filter.callee : node.filter).value);
    const args = called ? node.filter.args : [];
    if (name === 'd') {
      const identifier = { ...(called ? node.filter.callee : node.filter), value: 'default' };
      const filter = called ? { ...node.filter, callee: identifier } : identifier;
      return super.evaluate({ ...node, filter } as Node, environment);
    }
    const by = args[0]?.type === 'StringLiteral' ? String(args[0].value) : undefined;
    if (name === 'map' && by !== undefined) {
      const identifier = { type: 'Identifier', value: by };
      const filter = args.length > 1 ? { ...node.filter, callee: identifier, args: args.slice(1) } : identifier;
      return this.#list(node, environment, (items) =>
        items.map((item) => this.evaluate({ ...node, operand: done(item), filter } as Node, environment)),
      );
    }
    const operator =
      /attr$/.test(name) && args[1]?.type === 'StringLiteral' ? compares(String(args[1].value)) : undefined;
    if ((name === 'selectattr' || name === 'rejectattr') && operator && by !== undefined && args[2]) {
      const right = done(this.evaluate(args[2], environment));
      const holds = (item: Value) => {
        const left = done((item.value instanceof Map && (item.value.get(by) as Value)) || asValue(undefined));
        const compare = { type: 'BinaryExpression', operator: { value: operator }, left, right };
        return this.evaluate(compare as unknown as Node, environment).value === (name === 'selectattr');
      };
      return this.#list(node, environment, (items) => items.filter(holds));
    }
    if (name === 'replace' || name === 'format') {
      const text = this.evaluate(node.operand, environment);
      const given = args.map((arg) => this.evaluate(arg, environment));
      if (isText(text) && name === 'format') return asValue(printf(text.value, given));
      const result = isText(text) && maskedMethod(text.value, name, given.map(plain) as string[], this.#mask);
      if (typeof result === 'string') return asValue(result);
    }
    return undefined;
  }

  #list(node: Fields, environment: TemplateEnvironment, change: (items: Value[]) => Value[]): Value | undefined {
    const operand = this.evaluate(node.operand, environment);
    if (!Array.isArray(operand.value)) return undefined;
    const list = asValue([]);
    list.value = change(operand.value as Value[]);
    return list;
  }

  #lift(value: Value): Value {
    if (isText(value)) return asValue(this.#mask.lift(value.value));
    if (!Array.isArray(value.value)) return value;
    const list = asValue([]);
    list.value = (value.value as Value[]).map((item) => this.#lift(item));
    return list;
  }
}

function asValue(value: unknown): Value {
  return new Environment().set('value', value);
}

function done(value: Value): Fields {
  return { type: 'EvaluatedValue', value } as unknown as Fields;
}

function isText(value: Value): value is Value & { value: string } {
  return value.type === 'StringValue';
}

function plain(value: Value): unknown {
  return Array.isArray(value.value) ? (value.value as Value[]).map(plain) : value.value;
}

function compares(test: string): string | undefined {
  if (['==', 'eq', 'equalto'].includes(test)) return '==';
  if (['!=', 'ne'].includes(test)) return '!=';
  return test === 'in' ? 'in' : undefined;
}

function printf(format: string, values: readonly Value[]): string {
  let next = 0;
  return format.replace(
    /%(0?)(\d*)(?:\.(\d+))?([sdifr%])/g,
    (_, zero: string, width: string, digits: string, kind: string) => {
      if (kind === '%') return '%';
      const value = values[next++];
      if (!value) throw new Error('not enough arguments for format string');
      const number = Number(value.value);
      const text =
        kind === 'f'
          ? number.toFixed(Number(digits ?? 6))
          : /[di]/.test(kind)
            ? String(Math.trunc(number))
            : value.toString();
      return text.padStart(Number(width), zero ? '0' : ' ');
    },
  );
}
