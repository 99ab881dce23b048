import type { CodecKind } from './codec.ts';
import { createRelay } from './broadcast-relay.ts';
import { jsonPing } from './json-ping.ts';

/** Frames of any protocol without a state of each connection: every tab hears all of them. */
export const broadcast: CodecKind = {
  name: 'broadcast',
  shares: 'frames',
  create: () => createRelay(),
  closed: jsonPing.closed,
};
