import { StoreUnavailable } from '../base/store.ts';
import type { Fleet, Rates } from '../storage/storage.ts';
import { BURST_MS, EARLY_MS, SLOT_TTL_MS, type Admission, type AdmissionControl } from './admission-control.ts';
import { limitsFor, type LoginAttempt, type LoginRateLimit, type LocalLoginRateLimit } from './login-rate-limit.ts';

/*
 * Limits over all instances. When the store is away, those of this instance hold: a login cannot work then anyway, and
 * clients that only wait for a socket must not wait for the store.
 */

const orLocal = async <T>(shared: Promise<T>, local: () => T): Promise<T> =>
  shared.catch((error: unknown) => {
    if (error instanceof StoreUnavailable) return local();
    throw error;
  });

export const shareLoginLimit = (local: LocalLoginRateLimit, rates: Rates): LoginRateLimit => ({
  async take(attempt) {
    const own = local.take(attempt);
    if (own.type === 'limited') return own;
    const taken: { bucket: string; limit: { burst: number; refillMs: number } }[] = [];
    const giveBack = (): void => {
      for (const { bucket, limit } of taken) void rates.giveBack(bucket, limit).catch(() => undefined);
    };
    const takeAll = async (): Promise<LoginAttempt> => {
      for (const each of limitsFor(attempt)) {
        const waitMs = await rates.take(each.bucket, each.limit);
        if (waitMs > 0) {
          giveBack();
          return { type: 'limited', waitSeconds: Math.ceil(waitMs / 1000) };
        }
        taken.push(each);
      }
      return {
        type: 'allowed',
        succeeded() {
          own.succeeded();
          giveBack();
        },
      };
    };
    return orLocal<LoginAttempt>(takeAll(), () => own);
  },
});

/** The pace of the fleet grows with its instances. */
export const shareAdmission = (
  local: AdmissionControl<Admission>,
  { rates, fleet, perSecond }: { rates: Rates; fleet: Fleet; perSecond: number },
): AdmissionControl => ({
  windowMs: (clients) => local.windowMs(clients),
  admit(client) {
    const unitMs = 1_000 / (perSecond * fleet.members().size);
    const shared = rates.admit(client, { unitMs, burstMs: BURST_MS, earlyMs: EARLY_MS, keepMs: SLOT_TTL_MS });
    return orLocal<Admission>(
      shared.then((ms) => (ms > 0 ? { type: 'later', ms } : { type: 'now' })),
      () => local.admit(client),
    );
  },
});

const TICKETS = { burst: 200, refillMs: 50 };

export const shareTicketQuota = (
  local: Pick<AdmissionControl<Admission>, 'admit'>,
  rates: Rates,
): Pick<AdmissionControl, 'admit'> => ({
  admit: (owner) =>
    orLocal<Admission>(
      rates.take(`tickets ${owner}`, TICKETS).then((ms) => (ms > 0 ? { type: 'later', ms } : { type: 'now' })),
      () => local.admit(owner),
    ),
});
