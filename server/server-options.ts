import type { Account } from './auth/accounts.ts';
import type { VolumeSpace } from './data-folder/disk-space.ts';
import type { Log, LogLevel } from './operations/log.ts';
import type { NotifyOperator } from './data-folder/operator-notice.ts';

/** Default of the option `distDir`, in the working directory. */
export const DEFAULT_DIST_DIR = 'dist';

export type ServerOptions = {
  /** Port of the application; 0 takes any free one. */
  port?: number | undefined;
  /** Address to listen on. */
  host?: string | undefined;
  /** Folder for all data that must survive a restart. */
  dataDir: string;
  /** Address of a store that several instances share, such as `redis://localhost:6379`. Default: the data folder. */
  store?: string | undefined;
  /** Takes over a shared store without an identity: at the first start, or after its data was lost. */
  adoptEmptyStore?: boolean | undefined;
  /** Secret from which the keys of the data folder derive, at least 32 characters. Default: that in `keyFile`. */
  secret?: string | undefined;
  /** File with the secret. Default: a file beside the data folder, which the first start writes. */
  keyFile?: string | undefined;
  /**
   * Called when the data folder is removed, replaced or taken by another server. From then on the server answers 503. The
   * process should end without `stop()`. Default: a line on standard error.
   */
  onLost?: ((message: string) => void) | undefined;
  /** Port of the embedded provider. Default: the application's port plus one, or with port 0 the next free one. */
  providerPort?: number | undefined;
  /**
   * Serves the fault routes `/lab/…`, and shows the demo account on the sign-in page. Without effect with a public origin,
   * because people of the internet would get them through the proxy.
   */
  faultRoutes?: boolean | undefined;
  /** Folder of the built application, by default `dist`; `false`: a dev server serves the application. */
  distDir?: string | false | undefined;
  /**
   * Folder of the build before. Pages of that build find their files, and a fleet serves that build until each of its
   * instances has the next one.
   */
  formerDistDir?: string | undefined;
  /** Origin of a dev server that proxies to this server. */
  devOrigin?: string | undefined;
  /** Public origin behind a reverse proxy, such as `https://app.example`. The proxy must forward `Host`. */
  publicOrigin?: string | undefined;
  /**
   * Addresses and networks of the reverse proxies whose `X-Forwarded-For` counts, such as `10.0.0.0/8`. Default: loopback.
   * Only with a public origin.
   */
  trustedProxies?: readonly string[] | undefined;
  /** Public origin of the embedded provider behind a reverse proxy. It must differ from the application's. */
  publicIssuer?: string | undefined;
  /** Issuer of an external OpenID provider; the server then starts no embedded one. */
  issuer?: string | undefined;
  clientId?: string | undefined;
  /** The audience that access tokens of an external provider must have. Default: their client must be `clientId`. */
  audience?: string | undefined;
  scope?: string | undefined;
  /** `provider`: a sign-out continues at the provider, to end the sign-in there too, if the provider supports it. */
  logout?: 'local' | 'provider' | undefined;
  accounts?: readonly Account[] | undefined;
  /** Paths of the server's pages, which the app's worker leaves to it, beside those that it knows. */
  serverPaths?: readonly string[] | undefined;
  /** Paths of the site's own worker scripts. The browser refuses all other workers (CSP `worker-src`). */
  workers?: readonly string[] | undefined;
  /** Whether a browser may hold several sessions, with a switch between them (docs/how-to/keep-several-sessions.md). */
  severalSessions?: boolean | undefined;
  /** Origins whose pages may keep their session here, such as `https://app.example.com`. They embed `/keeper-vault.html`. */
  vaultEmbedders?: readonly string[] | undefined;
  /** Whether pages enforce Trusted Types (https://w3c.github.io/trusted-types/), by default `true`. */
  trustedTypes?: boolean | undefined;
  /** Number of the key from which the seal secrets derive. A higher number rotates the key: see worker-secret.ts. */
  sealKey?: number | undefined;
  /**
   * How long (s) the proof of a device is valid, 1 to 3600. Sessions in a cookie are then bound to the device of the sign-in, in
   * browsers that can (https://w3c.github.io/webappsec-dbsc/). Default: they are not.
   */
  deviceBoundSeconds?: number | undefined;
  /** Silence (ms) after which a hub connection counts as dead. The server sends it to clients in `hello`. */
  heartbeatMs?: number | undefined;
  /** Sockets that the server opens per second. Further clients get a later slot in `Retry-After`. */
  acceptsPerSecond?: number | undefined;
  /** Silence (ms) after which the server ends a request whose body stopped arriving. */
  bodyStallMs?: number | undefined;
  /** How long a disconnected client still counts as present (ms). */
  presenceGraceMs?: number | undefined;
  /** Space of the data folder's volume. Default: that of the system. */
  volume?: (() => VolumeSpace) | undefined;
  /** Least important lines of the log that the server writes. Default: `warn`. */
  logLevel?: LogLevel | undefined;
  /** Receives the log instead of standard error. */
  log?: Log | undefined;
  /** Lets its bearer read `/metrics` from anywhere. Without it, only programs on this machine may. */
  metricsToken?: string | undefined;
  /** Receives what only the operator can judge or repair. Default: a line on standard error. */
  onNotice?: NotifyOperator | undefined;
};

/** Whether a server with these options serves the fault routes. */
export const servesFaultRoutes = ({ faultRoutes, publicOrigin, publicIssuer }: ServerOptions): boolean =>
  faultRoutes === true && publicOrigin === undefined && publicIssuer === undefined;
