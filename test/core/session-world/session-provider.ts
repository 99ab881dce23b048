import type { Problem } from '../../../src/protocol/problem.ts';
import type { Timeline } from './session-timeline.ts';

/**
 * How long the provider accepts a consumed refresh token again: in ms, or until the client uses a successor.
 * The second way separates a lost answer from a stolen token without a clock.
 */
export type Grace = number | 'until-used';

export type ProviderMode =
  | { kind: 'ok' }
  | { kind: 'status'; status: 403 | 429 | 503; retryAfterMs?: number | undefined }
  | { kind: 'html' }
  | { kind: 'misconfigured' }
  /** Renews nothing without the person. */
  | { kind: 'person-needed' }
  /** Answers a bare 400. */
  | { kind: 'no-reason' }
  /** Rotates the token, but the body of the answer ends in the middle. */
  | { kind: 'truncated' }
  /** Rotates the token, but the answer has no usable access token. */
  | { kind: 'only-refresh' }
  /** Issues an access token, and keeps the refresh token. */
  | { kind: 'only-access' }
  | { kind: 'hang' };

export type ProviderSettings = {
  grace: Grace;
  /** `expires_in` in ms (`accessMs`), and how long the backend really accepts the token (`acceptedMs`). */
  accessMs: number;
  acceptedMs: number;
  /** The declared lifetime of a whole session. */
  lifetimeMs?: number | undefined;
  /** Whether a sign-in issues a refresh token. */
  refreshable: boolean;
};

/** `id`: its place among the sign-ins that the provider answered. `asked`: among those that users began. */
export type Family = {
  id: number;
  asked: number;
  endsAt: number | undefined;
  ended: 'revoked' | 'reuse' | undefined;
};
export type RefreshToken = { value: string; family: Family; usedAt: number | undefined; successors: RefreshToken[] };
type Access = { family: Family; acceptedUntil: number; resource: string | undefined };

/** What the provider answers to a request for the token of a resource. `rejected`: `invalid_grant`, and the session lives. */
export type ResourceMode = 'ok' | 'unknown' | 'no-consent' | 'rejected' | 'unavailable';

const RESOURCE_PROBLEMS = {
  unknown: { code: 'misconfigured', at: '/token', status: 400, detail: 'invalid_target' },
  'no-consent': { code: 'sign-in-required', at: '/token', status: 400, error: 'consent_required' },
  rejected: { code: 'grant-rejected', at: '/token', status: 400, error: 'invalid_grant' },
  unavailable: { code: 'server-unavailable', at: '/token', status: 503 },
} as const satisfies { [Mode in ResourceMode]?: Problem };

/** Lifetimes are relative, as in a token response. */
export type Issued = {
  access?: { value: string; forMs: number } | undefined;
  refresh?: string | undefined;
  endsInMs?: number | undefined;
};
export type Rejection = { value: string; why: 'revoked' | 'lifetime' | 'reuse' | 'unknown' };
export type TokenAnswer =
  | { issued: Issued }
  | { problem: Problem; unanswered: boolean; rejection?: Rejection | undefined };

export const TOKEN_ENDPOINT = '/token';
const HANGS_FOR_MS = 90_000;

/** An authorization server with rotation, reuse detection, a grace period and absolute lifetimes. */
export class Provider {
  mode: ProviderMode = { kind: 'ok' };
  resourceMode: ResourceMode = 'ok';
  /** The times of the token requests. */
  readonly requestTimes: number[] = [];
  /** Runs when a client sends a consumed token after its grace period. */
  onReuse: (token: RefreshToken) => void = () => undefined;
  readonly families: Family[] = [];
  readonly #time: Timeline;
  readonly #settings: ProviderSettings;
  readonly #refresh = new Map<string, RefreshToken>();
  readonly #access = new Map<string, Access>();
  #minted = 0;

  constructor(time: Timeline, settings: ProviderSettings) {
    this.#time = time;
    this.#settings = settings;
  }

  get delayMs(): number {
    return this.mode.kind === 'hang' ? HANGS_FOR_MS : 0;
  }

  get up(): boolean {
    return this.mode.kind === 'ok' || this.mode.kind === 'only-refresh' || this.mode.kind === 'only-access';
  }

  /** A user signs in, which starts a new token family. */
  signIn(asked = 0): Issued {
    const { lifetimeMs, refreshable } = this.#settings;
    const family: Family = {
      id: this.families.length,
      asked,
      endsAt: lifetimeMs && this.#time.now + lifetimeMs,
      ended: undefined,
    };
    this.families.push(family);
    return this.#issue(family, refreshable ? this.#mintRefresh(family) : undefined);
  }

  refresh(value: string, resource?: string): TokenAnswer {
    this.requestTimes.push(this.#time.now);
    switch (this.mode.kind) {
      case 'status': {
        const { status, retryAfterMs } = this.mode;
        const code = status === 429 ? 'rate-limited' : 'server-unavailable';
        return { problem: { code, at: TOKEN_ENDPOINT, status, retryAfterMs }, unanswered: false };
      }
      case 'html':
        return {
          problem: { code: 'unexpected-answer', at: TOKEN_ENDPOINT, status: 200, detail: 'html' },
          unanswered: true,
        };
      case 'misconfigured':
        return { problem: { code: 'misconfigured', at: TOKEN_ENDPOINT, detail: 'invalid_client' }, unanswered: false };
      case 'person-needed':
        return {
          problem: { code: 'sign-in-required', at: TOKEN_ENDPOINT, status: 400, error: 'interaction_required' },
          unanswered: false,
        };
      case 'no-reason':
        return { problem: { code: 'refresh-refused', at: TOKEN_ENDPOINT, status: 400 }, unanswered: false };
      default:
        if (resource !== undefined && this.resourceMode !== 'ok')
          return { problem: RESOURCE_PROBLEMS[this.resourceMode], unanswered: false };
        return this.#exchange(value, resource);
    }
  }

  /** Revokes the whole token family, see RFC 7009 §2.1. */
  revoke(value: string | undefined): void {
    const token = value === undefined ? undefined : this.#refresh.get(value);
    if (token) token.family.ended ??= 'revoked';
  }

  /** Whether the backend, or this resource, accepts this access token. */
  accepts(value: string, resource?: string): boolean {
    const access = this.#access.get(value);
    if (access === undefined || access.resource !== resource) return false;
    return this.#time.now < access.acceptedUntil && this.alive(access.family);
  }

  /** What this access token is for. `null`: the provider has not issued it, or it has expired. */
  audienceOf(value: string): string | undefined | null {
    const access = this.#access.get(value);
    return access ? access.resource : null;
  }

  expireAccess(): void {
    this.#access.clear();
  }

  alive(family: Family): boolean {
    return family.ended === undefined && !this.isOver(family);
  }

  isOver(family: Family): boolean {
    return family.endsAt !== undefined && this.#time.now >= family.endsAt;
  }

  tokenOf(refresh: string | undefined): RefreshToken | undefined {
    return this.#refresh.get(refresh ?? '');
  }

  familyOf(refresh: string | undefined, access: string | undefined): Family | undefined {
    return this.#refresh.get(refresh ?? '')?.family ?? this.#access.get(access ?? '')?.family;
  }

  #exchange(value: string, resource: string | undefined): TokenAnswer {
    const token = this.#refresh.get(value);
    const why = this.#refusal(token);
    if (!token || why) {
      const problem: Problem = { code: 'grant-rejected', at: TOKEN_ENDPOINT, status: 400, error: 'invalid_grant' };
      return { problem, unanswered: false, rejection: { value, why: why ?? 'unknown' } };
    }
    // The answer to a consumed token within its grace period needs a successor too.
    if (this.mode.kind === 'only-access' && token.usedAt === undefined)
      return { issued: this.#issue(token.family, undefined, resource) };
    const next = this.#mintRefresh(token.family);
    token.usedAt ??= this.#time.now;
    token.successors.push(next);
    if (this.mode.kind === 'truncated') {
      return {
        problem: { code: 'unexpected-answer', at: TOKEN_ENDPOINT, status: 200, detail: 'truncated' },
        unanswered: true,
      };
    }
    const isWhole = this.mode.kind !== 'only-refresh';
    return { issued: isWhole ? this.#issue(token.family, next, resource) : { refresh: next.value } };
  }

  #refusal(token: RefreshToken | undefined): Rejection['why'] | undefined {
    if (!token) return 'unknown';
    if (token.family.ended) return token.family.ended;
    if (this.isOver(token.family)) return 'lifetime';
    if (token.usedAt === undefined) return undefined;
    const { grace } = this.#settings;
    const covered =
      grace === 'until-used'
        ? token.successors.every((next) => next.usedAt === undefined)
        : this.#time.now - token.usedAt <= grace;
    if (covered) return undefined;
    this.onReuse(token);
    token.family.ended = 'reuse';
    return 'reuse';
  }

  #mintRefresh(family: Family): RefreshToken {
    const token: RefreshToken = { value: `r${++this.#minted}`, family, usedAt: undefined, successors: [] };
    this.#refresh.set(token.value, token);
    return token;
  }

  #issue(family: Family, refresh: RefreshToken | undefined, resource?: string): Issued {
    const { accessMs, acceptedMs } = this.#settings;
    const value = `a${++this.#minted}`;
    this.#access.set(value, { family, acceptedUntil: this.#time.now + acceptedMs, resource });
    const endsInMs = family.endsAt && family.endsAt - this.#time.now;
    return { access: { value, forMs: accessMs }, refresh: refresh?.value, endsInMs };
  }
}
