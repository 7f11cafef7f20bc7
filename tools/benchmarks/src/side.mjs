// A program that is measured, in a process of its own: it waits without computing while another one is measured.
import { fork } from 'node:child_process';

export class Side {
  #child;
  #calls = new Map();
  #next = 0;
  #ended;

  /**
   * @param {string} name for messages
   * @param {URL} module calls `serveSide`
   * @param {Record<string, string>} env real environment variables: native code reads no others
   */
  constructor(name, module, env = {}) {
    this.name = name;
    this.#child = fork(module, [], {
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', ({ id, value, error }) => {
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(`${name}: ${error}`));
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => this.#fail(error.message));
      this.#child.on('exit', (code, signal) => {
        this.#fail(`ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Does `action` over there. */
  call(action, given = {}) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#calls.set(id, { resolve, reject });
      this.#child.send({ id, action, given }, (error) => error && this.#fail(error.message));
    });
  }

  async close() {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#ended;
    clearTimeout(timer);
  }

  #fail(reason) {
    for (const { reject } of this.#calls.values()) reject(new Error(`${this.name}: ${reason}`));
    this.#calls.clear();
  }
}
