/**
 * Answers the calls of the process that started this one, one after the other, until that process goes away.
 *
 * @param {Record<string, (given: any) => unknown>} actions
 */
export function serveSide(actions) {
  let before = Promise.resolve();
  process.on('message', ({ id, action, given }) => {
    before = before.then(async () => {
      const answer = await perform(actions[action], action, given);
      if (process.connected) process.send({ id, ...answer });
    });
  });
  process.on('disconnect', () => process.exit(0));
}

async function perform(handler, action, given) {
  try {
    if (!handler) throw new Error(`There is no action '${action}'.`);
    return { value: await handler(given) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
