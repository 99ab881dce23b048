export { connect, KeeperSocket } from './connect.ts';
export type {
  Channel,
  ChannelEvent,
  ConnectOptions,
  Keeper,
  NativeState,
  NativeStore,
  SocketClass,
  UploadOptions,
} from './types.ts';
