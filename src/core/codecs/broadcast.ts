import type { CodecKind } from './codec.ts';
import { createRelay } from './broadcast-relay.ts';
import { jsonPing } from './json-ping.ts';

/** Frames of a protocol that keeps no state per connection: each tab receives each frame. */
export const broadcast: CodecKind = {
  name: 'broadcast',
  shares: 'frames',
  create: () => createRelay(),
  closed: jsonPing.closed,
};
