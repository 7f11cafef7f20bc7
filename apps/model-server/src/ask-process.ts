import { fork } from 'node:child_process';

/**
 * Asks a program one question in a process of its own, for what may crash or hang: native libraries and drivers. The process
 * is over when the promise settles.
 *
 * @param module JavaScript that answers with `answerParent`
 * @param question structured-cloneable
 * @throws Error with the program's own reason, or how its process ended, or that it did not answer within `timeoutMs`
 */
export async function askProcess<Answer>(module: URL, question: unknown, timeoutMs: number): Promise<Answer> {
  // What its libraries print is nobody's business.
  const child = fork(module, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not answer within ${timeoutMs / 1000} s`)), timeoutMs);
      child.once('message', (message) => {
        const { answer, reason } = message as { readonly answer?: Answer; readonly reason?: string };
        if (reason === undefined) resolve(answer as Answer);
        else reject(new Error(reason));
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(new Error(`its process ended (${signal ? `signal ${signal}` : `exit code ${code}`})`));
      });
      child.send({ question }, (error) => error && reject(error));
    });
  } finally {
    clearTimeout(timer);
    await ended(child);
  }
}

/** The program's side of `askProcess`, to be called once. */
export function answerParent<Question>(answer: (question: Question) => Promise<unknown>): void {
  process.once('message', ({ question }: { readonly question: Question }) => {
    void answer(question)
      .then(
        (value) => ({ answer: value }),
        (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }),
      )
      .then((message) => process.send?.(message));
  });
}

async function ended(child: ReturnType<typeof fork>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
