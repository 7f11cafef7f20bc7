import type { ChatMessage } from '../contract.js';
import type { Tokenizer } from '../engine/model-runner.js';

const texts: readonly string[] = [
  `The ferry leaves the harbour at a quarter past seven, when the gulls are still asleep on the roof of the fish market.
On most days there are no more than a dozen passengers: two teachers, a postman with his bicycle, the baker's daughter
who studies in the city, and a few people whose errands nobody knows. The crossing takes forty minutes. In winter the
captain keeps the lamps lit until the church tower can be seen, and then he turns them off one by one, as if the island
had to be woken gently. Nobody has ever asked him why he does so. It was his father's habit, and before that it was the
habit of a man called Tobias, who is said to have rowed the first passengers across for the price of an egg.

Economists like to say that prices carry information. A frost in one country makes coffee dearer in another, and people
who never heard of the frost drink a little more tea. But prices carry it imperfectly: they arrive late, they are
rounded, and they are read by people who want different things. In 1973, for example, the cost of a barrel of oil rose
from 3 to nearly 12 dollars within months; by 1980 it had reached 35. Whoever had signed a contract for ten years did
not notice until it ran out.`,
  `import { createServer } from 'node:http';

interface Order { id: number; items: string[]; total: number; paid?: boolean }

const orders = new Map<number, Order>();

/** Adds an order and returns it with its number. */
export function addOrder(items: string[], prices: Record<string, number>): Order {
  if (items.length === 0) throw new RangeError('An order needs at least one item.');
  const total = items.reduce((sum, item) => sum + (prices[item] ?? 0), 0);
  const order: Order = { id: orders.size + 1, items, total: Math.round(total * 100) / 100 };
  orders.set(order.id, order);
  return order;
}

createServer((request, response) => {
  const id = Number(/^\\/orders\\/(\\d+)$/.exec(request.url ?? '')?.[1]);
  const order = orders.get(id);
  response.writeHead(order ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(order ?? { error: { message: \`No order \${id}\` } }));
}).listen(8080, '127.0.0.1');

def quicksort(values):
    """Sorts a list; the pivot is the element in the middle."""
    if len(values) <= 1:
        return values
    pivot = values[len(values) // 2]
    left = [v for v in values if v < pivot]
    same = [v for v in values if v == pivot]
    right = [v for v in values if v > pivot]
    return quicksort(left) + same + quicksort(right)

SELECT customers.name, COUNT(*) AS orders, SUM(total) FROM customers JOIN orders ON orders.customer = customers.id
WHERE orders.created >= '2024-01-01' GROUP BY customers.name HAVING COUNT(*) > 3 ORDER BY 3 DESC LIMIT 10;

#include <stdio.h>
int main(void) { for (int i = 0; i < 10; i++) printf("%d\\n", i * i); return 0; }
`,
  `# Changelog

## 2.4.0
- **Added**: \`--json\` prints one object; see https://example.org/docs/output?format=json#fields
- Fixed: a crash when the file was empty (#1182), thanks to all who reported it!
- | size | before | after |
  |-----:|-------:|------:|
  | 1 kB | 0.31 s | 0.02 s |

Der Zug nach Köln fährt um 8:45 Uhr von Gleis 3. Bitte beachten Sie die geänderte Wagenreihung.
Il pleut depuis ce matin, mais les enfants jouent quand même dans la cour de l'école.
El perro duerme debajo de la mesa mientras la abuela prepara la cena.
Сегодня в городе тихо, только снег скрипит под ногами.
今日は天気がいいので、公園まで歩いて行きましょう。 北京的秋天很美。 오늘은 날씨가 좋습니다.
مرحبا بالعالم  שלום עולם  नमस्ते दुनिया  Γειά σου Κόσμε 🙂🚀🎉
0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144 … 3.14159265358979 -273.15 6.022e23 0xDEADBEEF 192.168.0.1 $1,299.00 50%
aaaaaaaaaaaaaaaaaaaaaaaa ???!!! ======== ..... \t\t\n\n\n   {[(<>)]} /\\ | ~ ^ & * @ # The END.
`,
];

const conversation: readonly ChatMessage[] = [
  {
    role: 'system',
    content: `You are a helpful assistant.`,
  },
  {
    role: 'user',
    content: `Can you explain what a hash table is, and when I should not use one?`,
  },
  {
    role: 'assistant',
    content: `A hash table stores pairs of keys and values. It turns each key into a number with a hash function, and uses that number
to decide where the value is kept. Looking something up therefore takes about the same time, no matter how many entries
there are.

You should avoid one when:
1. You need the entries in sorted order. A balanced tree is better for that.
2. Memory is very tight, because a hash table keeps some of its places empty.
3. Keys come from people who may wish you harm and the hash function is predictable.

Would you like to see an example in Python?`,
  },
  {
    role: 'user',
    content: `Yes, please! And what is 17 * 23?`,
  },
  {
    role: 'assistant',
    content: `Of course. 17 * 23 = 391. Here is the example:

\`\`\`python
ages = {"Ada": 36, "Grace": 85}
ages["Alan"] = 41
for name, age in sorted(ages.items()):
    print(f"{name} is {age} years old")
\`\`\``,
  },
];

/**
 * Tokens from which a build learns how large keys and values get: prose, code, lists, numbers, several scripts, and a
 * conversation. Written for this purpose.
 */
export function calibrationTokens(tokenizer: Pick<Tokenizer, 'encode' | 'encodeChat'>): readonly (readonly number[])[] {
  return [...texts.map((text) => tokenizer.encode(text)), encodeConversation(tokenizer)];
}

/** Templates that refuse a system message get it as plain text. */
function encodeConversation(tokenizer: Pick<Tokenizer, 'encode' | 'encodeChat'>): number[] {
  try {
    return tokenizer.encodeChat(conversation);
  } catch {
    return tokenizer.encode(conversation.map(({ content }) => content).join('\n\n'));
  }
}
