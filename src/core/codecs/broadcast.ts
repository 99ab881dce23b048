import { relay } from './broadcast-relay.ts';

/** Frames of a protocol that keeps no state per connection: each tab receives each frame. */
export const broadcast = relay({ name: 'broadcast' });
