import { failed } from '../../protocol/problem.ts';
import type { Sockets } from './sockets.ts';

const nothing = (): void => undefined;

/** A host that was made without the socket feature. */
export const noSockets: Sockets = {
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
