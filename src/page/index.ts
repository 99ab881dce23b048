export { connect, installGlobal, KeeperSocket } from './connect.ts';
export type {
  Channel,
  ChannelEvent,
  ChannelOptions,
  Gap,
  LoadedSnapshot,
  Member,
  Message,
  Presence,
  PresenceEvent,
  SnapshotLoader,
} from './types/channel-types.ts';
export type { ConnectOptions, Keeper, NativeState, NativeStore, SocketClass, UploadOptions } from './types/types.ts';
