import { connect, installGlobal } from '../../../../src/page/index.ts';
import { GLOBAL_ROWS } from './global-rows.ts';
import { MESSAGING_ROWS } from './messaging-rows.ts';
import { OTHER_ROWS } from './other-rows.ts';
import type { RunningClient } from './row.ts';
import { SHARED_ROWS } from './shared-rows.ts';

/* A page with every client of the table. All of them run at once. */

const SAY_EVERY_MS = 200;

const rows = [...SHARED_ROWS, ...MESSAGING_ROWS, ...OTHER_ROWS, ...GLOBAL_ROWS];
const running = new Map<string, RunningClient>();
const received = new Map<string, Set<string>>();
/** What each client says until the next change. */
let text = '';

const start = async (): Promise<void> => {
  await installGlobal();
  for (const row of rows) {
    const texts = new Set<string>();
    received.set(row.name, texts);
    // A client may wait for its connection.
    void Promise.resolve(row.start((each) => texts.add(each))).then((client) => running.set(row.name, client));
  }
  setInterval(() => {
    for (const client of running.values()) if (text !== '') void say(client);
  }, SAY_EVERY_MS);
};

/** A client that has no connection yet says it again. */
const say = async (client: RunningClient): Promise<void> => {
  try {
    await client.say(text);
  } catch {}
};

export const clientTable = {
  connect,
  start,
  rows: rows.map(({ start: _start, ...row }) => row),
  say: (each: string): void => void (text = each),
  /** The clients that have received this text. */
  receivers: (each: string): readonly string[] =>
    rows.flatMap(({ name }) => (received.get(name)?.has(each) ? [name] : [])),
};

declare global {
  interface Window {
    clientTable: typeof clientTable;
  }
}

window.clientTable = clientTable;
