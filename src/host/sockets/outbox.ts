import { createOutbox, mayBeSentBy, outboxItem, type OutboxItem } from '../../core/socket/outbox.ts';
import { MAX_NAME, type Publication } from '../../protocol/bridge.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import type { OutboxStore } from '../storage/outbox-store.ts';

/** What is to be published: on the disk first, then sent, and kept until the server has an answer. */
export type DurableOutbox = {
  readonly waiting: boolean;
  /** Resolves once the publication is on the disk. The same id again is the same publication. */
  publish(publication: Publication): Promise<Result<null>>;
  /** Sends everything that waits, in order: a link has come up. */
  flush(): void;
  /** The server has it, or will never have it. */
  settle(id: string): void;
  /** Whose session it is, where that is known. Nobody sends for another; what belongs to nobody leaves with whoever leaves. */
  owner(sub: string | undefined): void;
  signedOut(): void;
  /** Another worker may have left something on the disk. */
  reload(): void;
  /** Resolves when nothing is on its way to the disk. */
  settled(): Promise<void>;
};

export type DurableOutboxOptions = {
  store: OutboxStore;
  send(item: OutboxItem): void;
  onChange(): void;
  journal(what: string, detail?: string): void;
};

const isName = (name: unknown): boolean => typeof name === 'string' && name.length > 0 && name.length <= MAX_NAME;

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Has its work done in turn; what is added until the turn comes is one piece of work. */
const createBatches = <T, R>(inTurn: InTurn, work: (items: readonly T[]) => Promise<R>): ((item: T) => Promise<R>) => {
  let items: T[] = [];
  let done: Promise<R> | undefined;
  const take = (): Promise<R> => {
    const taken = items;
    items = [];
    done = undefined;
    return work(taken);
  };
  return (item) => {
    items.push(item);
    return (done ??= inTurn(take));
  };
};

export const createDurableOutbox = ({ store, send, onChange, journal }: DurableOutboxOptions): DurableOutbox => {
  const outbox = createOutbox();
  const saving = new Map<string, Promise<Result<null>>>();
  let owner: string | undefined;
  /** One thing at a time, so that the disk has the order in which pages published. */
  let chain: Promise<unknown> = Promise.resolve();

  const inTurn: InTurn = (work) => {
    const turn = chain.then(work);
    chain = turn;
    return turn;
  };

  const offer = (item: OutboxItem): void => {
    if (mayBeSentBy(item, owner)) send(item);
  };

  const load = async (): Promise<void> => {
    const found = await store.load();
    if (!found.ok) return journal('outbox unreadable', found.problem.code);
    for (const item of found.value) {
      if (outbox.has(item.id) || outbox.add(item)) continue;
      outbox.saved(item.id);
      offer(item);
    }
    onChange();
  };

  const save = async (items: readonly OutboxItem[]): Promise<Result<null>> => {
    const result = await store.add(items);
    for (const { id } of items) {
      saving.delete(id);
      const saved = result.ok ? outbox.saved(id) : undefined;
      if (saved) offer(saved);
      else outbox.remove(id);
    }
    onChange();
    return result;
  };

  /** What comes while the disk is busy goes there together: each write waits for the disk itself (5 ms and more). */
  const saveAll = createBatches(inTurn, save);
  const removeAll = createBatches(inTurn, (ids: readonly string[]) => store.remove(ids));

  /** What belongs to nobody who is here. */
  const discard = (test: (item: OutboxItem) => boolean): void => {
    const ids = outbox.removeWhere(test);
    if (ids.length === 0) return;
    journal('outbox dropped', String(ids.length));
    void inTurn(() => store.remove(ids));
    onChange();
  };

  /** What the last worker left goes first: a page offers again what that one had not yet answered for. */
  const loaded = inTurn(load);
  return {
    get waiting() {
      return outbox.size > 0;
    },
    publish: async ({ id, topic, data }) => {
      if (!isName(id) || !isName(topic)) return failed({ code: 'bad-message', detail: 'publish' });
      await loaded;
      if (outbox.has(id)) return saving.get(id) ?? ok(null);
      const item = outboxItem(id, topic, data, owner ?? '');
      if (!item.ok) return item;
      const problem = outbox.add(item.value);
      if (problem) return failed(problem);
      const saved = saveAll(item.value);
      saving.set(id, saved);
      return saved;
    },
    flush: () => outbox.sendable(owner).forEach(send),
    settle: (id) => {
      if (outbox.remove(id)) void removeAll(id);
      onChange();
    },
    owner: (sub) => {
      if (sub === undefined || sub === owner) return;
      owner = sub;
      discard((item) => !mayBeSentBy(item, sub));
      outbox.sendable(owner).forEach(send);
    },
    signedOut: () => discard(({ owner: known }) => known === ''),
    reload: () => void inTurn(load),
    settled: async () => {
      for (let last; last !== chain;) {
        last = chain;
        await last;
      }
    },
  };
};
