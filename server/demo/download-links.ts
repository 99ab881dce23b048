import { digest, randomId } from '../base/crypto.ts';
import { PRINCIPAL, type Principal, type SessionRevocations } from '../http/principal.ts';
import { object, type Infer } from '../../src/protocol/schema/schema.ts';
import { boolean, optional } from '../../src/protocol/schema/schema-types.ts';
import { TICKET_SECONDS } from '../base/token-lifetimes.ts';
import type { Decision, Store } from '../base/store.ts';

/** `start` begins the download, `resume` continues it at a later byte, and `look` (HEAD) changes nothing. */
export type DownloadStep = 'look' | 'start' | 'resume';

/**
 * One-time links to a file. `<a download>` bypasses the service worker, so such a request carries no token. A link starts
 * one download. The browser may resume it within the lifetime of a link after each request.
 */
export type DownloadLinks = {
  create(principal: Principal): Promise<string>;
  /** Whether the link permits this step. Of two requests that start at the same time, one may. */
  open(link: string, step: DownloadStep): Promise<boolean>;
};

/** Record on disk. */
export const STORED_LINK = object({ principal: PRINCIPAL, started: optional(boolean) });

const TTL_MS = TICKET_SECONDS.download * 1000;
const keyOf = (link: string): string => `ticket/download/${digest(link)}`;

const permits = ({ started = false }: Infer<typeof STORED_LINK>, step: DownloadStep): boolean =>
  step === 'look' || (step === 'resume') === started;

export const createDownloadLinks = (
  store: Store,
  revocations: Pick<SessionRevocations, 'isRevoked'>,
): DownloadLinks => ({
  async create(principal) {
    const link = randomId();
    await store.put(keyOf(link), { principal }, { ttlMs: TTL_MS });
    return link;
  },
  async open(link, step) {
    const key = keyOf(link);
    const principal = await store.update([key], ([current]): Decision<Principal | undefined> => {
      const stored = STORED_LINK.read(current);
      if (!stored || !permits(stored, step)) return { result: undefined };
      if (step === 'look') return { result: stored.principal };
      const value = { principal: stored.principal, started: true };
      return { result: stored.principal, writes: [{ key, value, ttlMs: TTL_MS }] };
    });
    return principal !== undefined && !(await revocations.isRevoked(principal.session));
  },
});
