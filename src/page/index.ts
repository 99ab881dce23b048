export { connect } from './connect.ts';
export { KeeperSocket } from './keeper-socket.ts';
export type {
  Channel,
  ChannelEvent,
  ConnectOptions,
  Keeper,
  NativeState,
  NativeStore,
  UploadOptions,
} from './types.ts';
