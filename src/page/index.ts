export { connect } from './connect.ts';
export { installGlobal, KeeperSocket } from './socket-class.ts';
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
export type {
  ConnectOptions,
  Keeper,
  KeeperRequestInit,
  NativeState,
  NativeStore,
  ResentRequest,
  SignInOptions,
  SignOutOptions,
  SocketClass,
  UploadOptions,
} from './types/types.ts';
export type { JournalEntry, NamedSession, NudgeCause, SignInIntent, SignInNext } from '../protocol/bridge/calls.ts';
export type { KeeperConfig } from '../protocol/config.ts';
export type { Problem, ProblemCode, Result } from '../protocol/problem.ts';
export type {
  SessionView,
  SignedOutReason,
  SignInKind,
  Snapshot,
  SocketStateName,
  SocketView,
  Tier,
  User,
} from '../protocol/snapshot.ts';
