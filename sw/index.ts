export { keepSession } from './keep-session.ts';
export type { KeepSessionOptions, KeptSession, Respond } from './keep-session-options.ts';
export {
  defineSignIn,
  type BackendAnswer,
  type HeldTokens,
  type SignInDefinition,
  type SignInHttp,
  type SignInTokens,
} from '../src/host/auth/methods/define-sign-in.ts';
export { sharedSockets, socketsWith, type SocketsFactory } from '../src/host/sockets/shared-sockets.ts';
export * from '../src/core/optional-codecs/optional-codecs.ts';
export { relay, type Heartbeat, type RelayOptions, type StreamResume } from '../src/core/codecs/broadcast-relay.ts';
export type { Codec, CodecEvent, CodecKind, CodecOutput } from '../src/core/codecs/codec.ts';
