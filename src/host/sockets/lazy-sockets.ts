import { failed } from '../../protocol/problem.ts';
import type { Sockets } from './sockets.ts';

const nothing = (): void => undefined;

/** The sockets of a host without the socket feature. */
const noSockets: Sockets = {
  session: nothing,
  environment: nothing,
  nudge: nothing,
  tabArrived: nothing,
  tabLeft: nothing,
  fromTab: nothing,
  publish: async () => failed({ code: 'unsupported', detail: 'sockets' }),
  views: () => ({}),
  handOver: nothing,
  resume: nothing,
  settled: () => Promise.resolve(),
};

/** The sockets of a host, created by the first `open`. */
export type LazySockets = {
  open(): void;
  /** Runs `use` once they are open. */
  use(use: (sockets: Sockets) => void): void;
  publish: Sockets['publish'];
  views: Sockets['views'];
};

/** `create` resolves with `undefined` where the host has no socket feature. */
export const createLazySockets = (create: () => Promise<Sockets | undefined>): LazySockets => {
  let open = nothing;
  let opened = noSockets;
  const ready = new Promise<void>((resolve) => (open = resolve))
    .then(create)
    .then((made = noSockets) => (opened = made));
  return {
    open,
    use: (use) => void ready.then(use),
    publish: async (publication) => (await ready).publish(publication),
    views: () => opened.views(),
  };
};
