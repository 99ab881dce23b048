import { Hono } from 'hono';
import { problemResponse, readJsonObject, type Env, type Handler } from '../http/route-helpers.ts';
import { digest } from '../base/crypto.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import type { DiskSpace } from '../data-folder/disk-space.ts';
import type { ServerClock } from '../base/server-clock.ts';
import type { Decision, Store } from '../base/store.ts';

/** One line of text. `at`: ms since the Unix epoch. */
export const NOTE = object({ id: string, text: string, at: number });
type Note = Infer<typeof NOTE>;

/** `request`: digest of the request that created the note. */
export const NOTE_RECEIPT = object({ request: string, note: NOTE });
const NOTE_BODY = object({ text: string });
type AddResult = { type: 'created' | 'replayed'; note: Note } | { type: 'mismatch' };

/** UTF-8 cannot encode it, so the store would replace it later than the response. */
const LONE_SURROGATE = /\p{Surrogate}/gu;
const MAX_TEXT = 1_000;
/** Notes of each user. Beyond this, the oldest note is removed. */
const MAX_NOTES = 200;
const MAX_KEY = 200;
const RECEIPT_MS = 24 * 60 * 60 * 1000;
const ID_DIGITS = 12;

const idOf = (counter: number): string => String(counter).padStart(ID_DIGITS, '0');

export type NoteServices = { store: Store; clock: ServerClock; space: DiskSpace | undefined };

/**
 * A sample API with a mutation. With an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) a repeated request
 * creates one note, and returns the same response. It rejects the same key for another request.
 */
export const noteRoutes = ({ store, clock, space }: NoteServices, signedIn: Handler): Hono<Env> => {
  const add = (owner: string, content: string, key: string | undefined): Promise<AddResult> => {
    const counterKey = `note-counter/${owner}`;
    const receiptKey = `note-receipt/${owner}/${digest(key ?? '')}`;
    const request = digest(content);
    return store.update([counterKey, receiptKey], ([counter, stored]): Decision<AddResult> => {
      const receipt = key === undefined ? undefined : NOTE_RECEIPT.read(stored);
      if (receipt)
        return {
          result: receipt.request === request ? { type: 'replayed', note: receipt.note } : { type: 'mismatch' },
        };
      const next = (number.read(counter) ?? 0) + 1;
      const note: Note = { id: idOf(next), text: content, at: clock.now() };
      const removed = next - MAX_NOTES;
      const writes = [
        { key: counterKey, value: next },
        { key: `note/${owner}/${note.id}`, value: note },
        ...(removed > 0 ? [{ key: `note/${owner}/${idOf(removed)}`, remove: true as const }] : []),
        ...(key === undefined ? [] : [{ key: receiptKey, value: { request, note }, ttlMs: RECEIPT_MS }]),
      ];
      return { result: { type: 'created', note }, writes };
    });
  };

  /** The ids of the notes follow from their counter. */
  const listNotes = async (owner: string): Promise<Note[]> => {
    const last = number.read(await store.get(`note-counter/${owner}`)) ?? 0;
    const length = Math.min(last, MAX_NOTES);
    const keys = Array.from({ length }, (_, n) => `note/${owner}/${idOf(last - length + n + 1)}`);
    const rows = await store.update(keys, (found) => ({ result: found }));
    return rows.flatMap((value) => NOTE.read(value) ?? []);
  };

  return new Hono<Env>()
    .use(signedIn)
    .get('/', async (c) => {
      return c.json({ notes: await listNotes(c.get('principal').owner) });
    })
    .post('/', async (c) => {
      const content = NOTE_BODY.read(await readJsonObject(c))
        ?.text.trim()
        .replaceAll(LONE_SURROGATE, '\uFFFD');
      if (!content || content.length > MAX_TEXT)
        return problemResponse({
          status: 400,
          code: 'bad-request',
          detail: `text of 1 to ${MAX_TEXT} characters is required.`,
        });
      const key = c.req.header('idempotency-key');
      if (key !== undefined && (key === '' || key.length > MAX_KEY))
        return problemResponse({
          status: 400,
          code: 'bad-request',
          detail: 'The Idempotency-Key is empty or too long.',
        });
      space?.require();
      const outcome = await add(c.get('principal').owner, content, key);
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
