import { Hono } from 'hono';
import { problemResponse, readJsonObject, type Env, type Handler } from '../http/http.ts';
import { digest } from '../base/crypto.ts';
import { number, shape, text } from '../base/validate.ts';
import type { Clock } from '../base/clock.ts';
import type { Decision, Store } from '../base/store.ts';

/** One line of text. `at` in ms since the epoch. */
type Note = { id: string; text: string; at: number };

const parseNote = shape({ id: text, text, at: number });
const parseReceipt = shape({ request: text, note: parseNote });
type Outcome = { type: 'made' | 'replayed'; note: Note } | { type: 'mismatch' };

const MAX_TEXT = 1_000;
/** Notes kept for each user; the oldest goes. */
const KEPT = 200;
const MAX_KEY = 200;
const RECEIPT_MS = 24 * 60 * 60 * 1000;
const ID_DIGITS = 12;

const idOf = (counter: number): string => String(counter).padStart(ID_DIGITS, '0');

/**
 * A mutation to try. With an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) the same request is done
 * once and answered the same each time; the same key for another request is refused.
 */
export const noteRoutes = (store: Store, clock: Clock, signedIn: Handler): Hono<Env> => {
  const add = (owner: string, words: string, key: string | undefined): Promise<Outcome> => {
    const counterKey = `note-counter/${owner}`;
    const receiptKey = `note-receipt/${owner}/${digest(key ?? '')}`;
    const request = digest(words);
    return store.update([counterKey, receiptKey], ([counter, stored]): Decision<Outcome> => {
      const receipt = key === undefined ? undefined : parseReceipt(stored);
      if (receipt)
        return {
          result: receipt.request === request ? { type: 'replayed', note: receipt.note } : { type: 'mismatch' },
        };
      const next = (number(counter) ?? 0) + 1;
      const note: Note = { id: idOf(next), text: words, at: clock.now() };
      const gone = next - KEPT;
      const writes = [
        { key: counterKey, value: next },
        { key: `note/${owner}/${note.id}`, value: note },
        ...(gone > 0 ? [{ key: `note/${owner}/${idOf(gone)}`, remove: true as const }] : []),
        ...(key === undefined ? [] : [{ key: receiptKey, value: { request, note }, ttlMs: RECEIPT_MS }]),
      ];
      return { result: { type: 'made', note }, writes };
    });
  };

  return new Hono<Env>()
    .use(signedIn)
    .get('/', async (c) => {
      const rows = await store.list(`note/${c.get('principal').owner}/`, { limit: KEPT });
      return c.json({ notes: rows.flatMap(({ value }) => parseNote(value) ?? []) });
    })
    .post('/', async (c) => {
      const words = shape({ text })(await readJsonObject(c))?.text.trim();
      if (!words || words.length > MAX_TEXT)
        return problemResponse({
          status: 400,
          code: 'bad-request',
          detail: `text of 1 to ${MAX_TEXT} characters is needed.`,
        });
      const key = c.req.header('idempotency-key');
      if (key !== undefined && (key === '' || key.length > MAX_KEY))
        return problemResponse({
          status: 400,
          code: 'bad-request',
          detail: 'The Idempotency-Key is empty or too long.',
        });
      const outcome = await add(c.get('principal').owner, words, key);
      if (outcome.type === 'mismatch')
        return problemResponse({
          status: 422,
          code: 'idempotency-key-reused',
          detail: 'This key belongs to another request.',
        });
      if (outcome.type === 'replayed') c.header('idempotency-replayed', 'true');
      return c.json(outcome.note, 201);
    });
};
