import { createOutbox, mayBeSentBy, outboxItem, type OutboxItem } from '../../core/socket/outbox.ts';
import type { Publication } from '../../protocol/bridge/calls.ts';
import { NAME } from '../../protocol/bridge/page-names.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { problemOfTopic } from '../../protocol/topic-name.ts';
import type { OutboxStore } from '../storage/outbox-store.ts';

/** Publications go to the disk first, then to the server, and stay on the disk until the server answers. */
export type DurableOutbox = {
  readonly waiting: boolean;
  /** Resolves when the publication is on the disk. A second publication with the same id is the same one. */
  publish(publication: Publication): Promise<Result<null>>;
  /** A connection is open: sends all waiting publications in order. */
  flush(): void;
  /** The server has acknowledged or refused it. */
  settle(id: string): void;
  /** The user of the session, if known. Publications of other users are dropped. */
  owner(sub: string | undefined): void;
  /** Drops publications whose user was never known: the next user must not send them. */
  signedOut(): void;
  /** Reads the disk again: another worker may have written to it. */
  reload(): void;
  /** Resolves when no write is pending. */
  settled(): Promise<void>;
};

export type DurableOutboxOptions = {
  store: OutboxStore;
  send(item: OutboxItem): void;
  onChange(): void;
  journal(what: string, detail?: string): void;
};

type RunInTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Collects items until their turn comes, and then runs `work` once for all of them. */
const createBatches = <T, R>(
  runInTurn: RunInTurn,
  work: (items: readonly T[]) => Promise<R>,
): ((item: T) => Promise<R>) => {
  let items: T[] = [];
  let done: Promise<R> | undefined;
  const runBatch = (): Promise<R> => {
    const batch = items;
    items = [];
    done = undefined;
    return work(batch);
  };
  return (item) => {
    items.push(item);
    return (done ??= runInTurn(runBatch));
  };
};

export const createDurableOutbox = ({ store, send, onChange, journal }: DurableOutboxOptions): DurableOutbox => {
  const outbox = createOutbox();
  const saving = new Map<string, Promise<Result<null>>>();
  let owner: string | undefined;
  /** One write after the other, so that the disk keeps the order in which pages published. */
  let chain: Promise<unknown> = Promise.resolve();

  const runInTurn: RunInTurn = (work) => {
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

  /** Each write waits for the disk itself (5 ms and more), so items that arrive during a write share the next one. */
  const saveAll = createBatches(runInTurn, save);
  const removeAll = createBatches(runInTurn, (ids: readonly string[]) => store.remove(ids));

  const discard = (test: (item: OutboxItem) => boolean): void => {
    const ids = outbox.removeWhere(test);
    if (ids.length === 0) return;
    journal('outbox dropped', String(ids.length));
    void runInTurn(() => store.remove(ids));
    onChange();
  };

  /** The items of the last worker go first. A page offers the ones again that the worker had not confirmed. */
  const loaded = runInTurn(load);
  return {
    get waiting() {
      return outbox.size > 0;
    },
    publish: async ({ id, topic, data }) => {
      if (NAME.read(id) === undefined) return failed({ code: 'bad-message', detail: 'id' });
      const refusal = problemOfTopic(topic);
      if (refusal) return failed(refusal);
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
    reload: () => void runInTurn(load),
    settled: async () => {
      for (let last; last !== chain;) {
        last = chain;
        await last;
      }
    },
  };
};
