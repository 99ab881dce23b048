import type { InjectedConfig } from '../src/protocol/config.ts';
import type { SignInDefinition } from '../src/host/auth/methods/define-sign-in.ts';
import type { SocketsFactory } from '../src/host/sockets/shared-sockets.ts';

/** Options of `keepSession`. Only `config` is required. */
export type KeepSessionOptions = InjectedConfig & {
  /** The socket feature, `sharedSockets`. Needed where pages use sockets or channels. */
  sockets?: SocketsFactory;
  /** Sign-ins of the site's own (`defineSignIn`), beside those of `config`. */
  signIn?: readonly SignInDefinition[];
  /** Identifies the build, so that pages can show that a new version is ready. */
  build?: string;
};
