import { tokenGeneration } from '../../../src/core/session/token-expiry.ts';
import type { TokenResponse, Session, SessionEvent } from '../../../src/core/session/session-types.ts';
import type { Problem } from '../../../src/protocol/problem.ts';
import { Disk, Lock } from './session-disk.ts';
import type { SimulatedWorker } from './session-worker.ts';
import { Provider, TOKEN_ENDPOINT, type Family, type Issued, type ProviderSettings } from './session-provider.ts';
import { Timeline } from './session-timeline.ts';

export const UNREACHABLE: Problem = { code: 'network-unreachable', at: TOKEN_ENDPOINT };
const UNREADABLE: Problem = { code: 'store-unavailable', detail: 'read' };
const UNWRITABLE: Problem = { code: 'store-unavailable', detail: 'write' };

/** The simulated surroundings of a worker: disk, lock, network, provider and backend, with their answers. */
export class Surroundings {
  readonly time = new Timeline();
  readonly disk = new Disk();
  readonly lock = new Lock();
  readonly provider: Provider;
  /** Grows when the open connections are cut, so that an answer knows whether its connection still exists. */
  connection = 0;
  /** The device's clock minus the true time. */
  skewMs = 0;
  clockWentBack = false;
  networkUp = true;
  /** The backend answers each request with 401. */
  refusesAll = false;
  /** A proxy in front redirects each check to a sign-in of its own. */
  redirects = false;
  /** How many of the next answers of the token endpoint get lost. */
  toLose = 0;
  /** The browser's cookie of the `ticket` kind. */
  cookie: Family | undefined;
  /** How many requests the backend has accepted, and the resources have. */
  served = 0;
  servedByResources = 0;
  /** The resource that a request is for. */
  readonly resources = new Map<string, string>();
  /** The token that got the 401 of a request. */
  readonly refusedTokens = new Map<string, string>();

  constructor(settings: ProviderSettings) {
    this.provider = new Provider(this.time, settings);
  }

  /** The device's clock. */
  now(): number {
    return this.time.now + this.skewMs;
  }

  /** Cuts the open connections: their answers get lost. */
  cut(): void {
    this.connection++;
  }

  loaded(call: number): SessionEvent {
    const read = this.disk.read();
    return read.ok ? { type: 'loaded', call, saved: read.saved } : { type: 'load-failed', call, problem: UNREADABLE };
  }

  locked(worker: SimulatedWorker, call: number): SessionEvent {
    const read = this.disk.read();
    worker.blind = !read.ok;
    return read.ok
      ? { type: 'locked', call, saved: read.saved }
      : { type: 'locked', call, saved: undefined, problem: UNREADABLE };
  }

  saved(call: number, outcome: ReturnType<Disk['write']>): SessionEvent {
    const there = this.disk.record;
    if (outcome === 'superseded' && there) return { type: 'superseded', call, saved: there };
    return outcome === 'written' ? { type: 'saved', call } : { type: 'save-failed', call, problem: UNWRITABLE };
  }

  received({ access, refresh, endsInMs }: Issued): TokenResponse {
    const now = this.now();
    return {
      access: access && { value: access.value, scheme: 'Bearer', issuedAt: now, expiresAt: now + access.forMs },
      refresh,
      endsAt: endsInMs === undefined ? undefined : now + endsInMs,
    };
  }

  /** `asked`: the place of this sign-in among those that users began. */
  signedIn(call: number, kind: 'password' | 'oidc' | 'ticket', asked: number): SessionEvent {
    if (!this.networkUp || !this.provider.up) return { type: 'sign-in-failed', call, problem: UNREACHABLE };
    const issued = this.provider.signIn(asked);
    if (kind !== 'ticket') return { type: 'signed-in', call, kind, grant: this.received(issued) };
    this.cookie = this.provider.families.at(-1);
    return { type: 'signed-in', call, kind, grant: {} };
  }

  verified(worker: SimulatedWorker, call: number, kind: Session['kind']): SessionEvent {
    if (!this.networkUp)
      return { type: 'verify-failed', call, problem: { code: 'network-unreachable', at: '/whoami' } };
    if (this.redirects) return { type: 'verify-failed', call, problem: { code: 'redirect-refused', at: '/whoami' } };
    const { state } = worker.machine;
    const access = 'session' in state ? state.session.tokens.access : undefined;
    const known =
      kind === 'ticket'
        ? this.cookie && this.provider.alive(this.cookie)
        : !this.refusesAll && access && this.provider.accepts(access.value);
    const generation = kind === 'ticket' || !('session' in state) ? undefined : tokenGeneration(state.session);
    if (known) return { type: 'verified', call, user: { sub: 'demo', name: 'Demo' }, generation };
    const refused = { code: 'token-refused', at: '/whoami', status: 401 } as const;
    const rejected = { code: 'grant-rejected', at: '/whoami', status: 401, error: 'signed out' } as const;
    return { type: 'verify-failed', call, problem: kind === 'ticket' ? rejected : refused };
  }

  /** Returns no event, because no state waits for a revocation. The real host keeps unsent revocations for later. */
  revoke(session: Session): undefined {
    if (!this.networkUp) return;
    if (session.kind === 'ticket' && this.cookie) this.cookie.ended ??= 'revoked';
    else this.provider.revoke(session.tokens.refresh);
  }
}
