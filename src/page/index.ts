export { connect, KeeperSocket } from './connect.ts';
export type { SocketClass } from './connect.ts';
export type {
  Channel,
  ChannelEvent,
  ConnectOptions,
  Keeper,
  NativeState,
  NativeStore,
  UploadOptions,
} from './types.ts';
