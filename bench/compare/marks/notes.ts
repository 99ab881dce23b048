import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Stage } from '../stage.ts';

/** One thing that page or worker did. `at`: ms since the Unix epoch. */
export type Note = { what: string; at: number; detail?: string };

const built = async (source: string): Promise<string> => {
  const bundle = await rolldown({ input: fileURLToPath(new URL(source, import.meta.url)), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  return output[0].code;
};

/** The script that has to run before a worker's own code. It ends with a line break. */
export const workerNotesScript = (): Promise<string> => built('notes-worker.ts');

/** Takes notes in each document that the tab loads from now on. */
export const noteInPages = async ({ tab }: Stage): Promise<void> => {
  await tab.debug.command('Page.enable');
  const source = await built('notes-page.ts');
  await tab.debug.command('Page.addScriptToEvaluateOnNewDocument', { source });
};

const ASK_WORKER = `(async () => {
  const { active } = (await navigator.serviceWorker.getRegistration()) ?? {};
  if (!active) return [];
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data) });
  active.postMessage('notes?', [port2]);
  return answer;
})()`;

/** All notes of the worker since its start. */
export const workerNotes = async ({ tab }: Stage): Promise<Note[]> => (await tab.evaluate(ASK_WORKER)) as Note[];

/** All notes of the present document. */
export const pageNotes = async ({ tab }: Stage): Promise<Note[]> => (await tab.evaluate('pageNotes()')) as Note[];

/** What a worker did from its start until it sent the request of the page. */
export type StartCost = {
  /** Scripts that it imported. */
  parts: number;
  transactions: number;
  /** Transactions whose data the disk has before they end (`durability: 'strict'`). */
  strict: number;
  writes: number;
  /** Calls of `crypto.subtle`. */
  crypto: number;
  locks: number;
  /** Other requests. */
  requests: number;
  /** How often it began something after an answer that it had waited for: of the database, of a key, of a lock. */
  rounds: number;
};

const ASYNC = ['database', 'transaction', 'read', 'write', 'crypto', 'lock'];

/** `path`: of the request. Throws if the worker did not send it. */
export const startCostOf = (notes: readonly Note[], path: string): StartCost => {
  const sent = notes.findIndex(({ what, detail }) => what === 'request' && detail === path);
  if (sent < 0) throw new Error(`The worker sent no request to ${path}.`);
  const before = notes.slice(0, sent);
  const count = (name: string, has = ''): number =>
    before.filter(({ what, detail = '' }) => what === name && detail.includes(has)).length;
  let rounds = 0;
  let waited = true;
  for (const { what } of before) {
    if (what.endsWith(' done')) waited = true;
    else if (waited && ASYNC.includes(what)) {
      rounds += 1;
      waited = false;
    }
  }
  return {
    parts: count('part'),
    transactions: count('transaction'),
    strict: count('transaction', 'strict'),
    writes: count('write'),
    crypto: count('crypto'),
    locks: count('lock'),
    requests: count('request'),
    rounds,
  };
};
