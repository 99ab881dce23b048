import type { Socket } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';
import type { Chance } from '../../base/chance.ts';
import { elapse } from '../../base/elapse.ts';
import { toxicsOfConnection, type Toxic, type Toxics } from './toxics.ts';

/**
 * One connection of a client. `inner` has its bytes after the toxics.
 *
 * `hold` stops the bytes in both directions as a network without reception does: they arrive after `release`. `silence`
 * drops them for ever, and neither side learns of it, as after a change of networks.
 */
export type Link = {
  readonly inner: Duplex;
  hold(): void;
  release(): void;
  silence(): void;
  /** Ends it with a TCP reset, on the client's side too. */
  reset(): void;
  readonly isOpen: boolean;
};

type Gate = { readonly opened: Promise<void>; open(): void };

const createGate = (): Gate => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
};

type LinkState = { type: 'passing' } | { type: 'held'; gate: Gate } | { type: 'silent' } | { type: 'over' };

type Piece = { bytes: Buffer; receivedAt: number };
/** `passed`: bytes that one direction has passed. */
type Flow = { passed: number; chance: Chance; end(): void; reset(): void };

const BYTES_PER_KILOBYTE = 1000;
const MICROSECONDS_PER_MS = 1000;

const slices = (bytes: Buffer, size: number, variation: number, chance: Chance): Buffer[] => {
  const out: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = Math.max(1, Math.round(size + (2 * chance() - 1) * variation));
    out.push(bytes.subarray(start, start + length));
    start += length;
  }
  return out;
};

/** What is left of a piece after a toxic, in pieces. Takes the time that the toxic takes. */
async function* through({ attributes }: Toxic, { bytes, receivedAt }: Piece, flow: Flow): AsyncGenerator<Piece, void> {
  switch (attributes.type) {
    case 'latency': {
      const delay = attributes.latency + (2 * flow.chance() - 1) * attributes.jitter;
      const left = receivedAt + delay - performance.now();
      if (left > 0) await elapse(left);
      yield { bytes, receivedAt: performance.now() };
      return;
    }
    case 'bandwidth':
      if (attributes.rate > 0) await elapse((bytes.length / (attributes.rate * BYTES_PER_KILOBYTE)) * 1000);
      yield { bytes, receivedAt };
      return;
    case 'slicer':
      for (const slice of slices(bytes, Math.max(1, attributes.average_size), attributes.size_variation, flow.chance)) {
        yield { bytes: slice, receivedAt };
        if (attributes.delay > 0) await elapse(attributes.delay / MICROSECONDS_PER_MS);
      }
      return;
    case 'limit_data': {
      const left = attributes.bytes - flow.passed;
      if (left > 0) yield { bytes: bytes.subarray(0, left), receivedAt };
      if (bytes.length >= left) flow.end();
      return;
    }
    case 'timeout':
      if (attributes.timeout > 0) {
        await elapse(attributes.timeout);
        flow.end();
      }
      return;
    case 'reset_peer':
      await elapse(attributes.timeout);
      flow.reset();
      return;
    case 'slow_close':
      yield { bytes, receivedAt };
  }
}

async function* throughAll(toxics: readonly Toxic[], piece: Piece, flow: Flow): AsyncGenerator<Piece, void> {
  const [first, ...rest] = toxics;
  if (!first) {
    yield piece;
    return;
  }
  for await (const each of through(first, piece, flow)) yield* throughAll(rest, each, flow);
}

const written = (to: Duplex, bytes: Buffer): Promise<unknown> | undefined => {
  if (to.destroyed || to.write(bytes)) return undefined;
  return new Promise((resolve) => {
    to.once('drain', resolve);
    to.once('close', resolve);
  });
};

/** A proxy must not keep the whole of a large download in memory. */
const MAX_QUEUED_BYTES = 1_000_000;

/** The pieces of a stream with their times of arrival: a delay counts from there, so several pieces wait side by side. */
async function* arrivals(from: Duplex): AsyncGenerator<Piece, void> {
  const queue: Piece[] = [];
  let queued = 0;
  let isOver = false;
  let wake = (): void => undefined;
  from.on('data', (bytes: Buffer) => {
    queue.push({ bytes, receivedAt: performance.now() });
    queued += bytes.length;
    if (queued > MAX_QUEUED_BYTES) from.pause();
    wake();
  });
  const finish = (): void => {
    isOver = true;
    wake();
  };
  from.once('end', finish).once('close', finish);
  // The reader of the first bytes may have paused the stream.
  from.resume();
  for (;;) {
    const piece = queue.shift();
    if (piece) {
      queued -= piece.bytes.length;
      if (from.isPaused()) from.resume();
      yield piece;
    } else if (isOver) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

const closeDelay = (toxics: readonly Toxic[]): number =>
  Math.max(0, ...toxics.map(({ attributes }) => (attributes.type === 'slow_close' ? attributes.delay : 0)));

export type LinkOptions = { toxics: Toxics; chance: Chance; onClose(): void };

export const createLink = (client: Socket, { toxics, chance, onClose }: LinkOptions): Link => {
  const [inner, outer] = duplexPair();
  let state: LinkState = { type: 'passing' };

  const over = (close: () => void): void => {
    if (state.type === 'over') return;
    if (state.type === 'held') state.gate.open();
    state = { type: 'over' };
    close();
    outer.destroy();
    inner.destroy();
    onClose();
  };
  const reset = (): void => over(() => client.resetAndDestroy());
  const end = (): void => over(() => client.destroySoon());

  const pump = async (from: Duplex, to: Duplex, active: () => readonly Toxic[]): Promise<void> => {
    const flow: Flow = { passed: 0, chance, end, reset };
    const write = async ({ bytes }: Piece): Promise<void> => {
      flow.passed += bytes.length;
      await written(to, bytes);
    };
    for await (const piece of arrivals(from)) {
      if (state.type === 'held') await state.gate.opened;
      if (state.type === 'silent') continue;
      const list = active();
      if (list.length === 0) await write(piece);
      else for await (const each of throughAll(list, piece, flow)) await write(each);
    }
    const delay = closeDelay(active());
    if (delay > 0) await elapse(delay);
    if (state.type === 'held') await state.gate.opened;
    if (state.type !== 'silent') to.end();
  };
  /** An error of one side ends both, except over a silent network. */
  const broken = (): void => {
    if (state.type === 'passing') reset();
  };

  client.setNoDelay(true);
  void Promise.all([
    pump(client, outer, toxicsOfConnection(toxics, 'upstream', chance)),
    pump(outer, client, toxicsOfConnection(toxics, 'downstream', chance)),
  ]).then(() => {
    if (state.type === 'passing') end();
  }, broken);
  for (const side of [client, outer, inner]) side.on('error', broken);
  client.once('close', () => {
    if (state.type === 'passing') end();
  });
  inner.once('close', () => {
    // After a regular end, the pump ends the client's side once all bytes and delays are through.
    if (state.type === 'passing' && !inner.writableFinished) end();
  });

  return {
    inner,
    hold: () => {
      if (state.type === 'passing') state = { type: 'held', gate: createGate() };
    },
    release: () => {
      if (state.type !== 'held') return;
      const { gate } = state;
      state = { type: 'passing' };
      gate.open();
    },
    silence: () => {
      if (state.type === 'held') state.gate.open();
      if (state.type !== 'over') state = { type: 'silent' };
    },
    reset,
    get isOpen() {
      return state.type !== 'over';
    },
  };
};
