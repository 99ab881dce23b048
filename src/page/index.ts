export { connect, KeeperSocket } from './connect.ts';
export type {
  Channel,
  ChannelEvent,
  ChannelOptions,
  ConnectOptions,
  Gap,
  Keeper,
  LoadedSnapshot,
  Member,
  Message,
  NativeState,
  NativeStore,
  Presence,
  PresenceEvent,
  SocketClass,
  SnapshotLoader,
  UploadOptions,
} from './types/types.ts';
