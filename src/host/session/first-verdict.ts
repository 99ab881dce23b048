import type { SessionRecord, Verdict } from '../../core/session/session-types.ts';
import { SESSION_POLICY } from '../../core/session-policy.ts';
import { admit, hasEnded } from '../../core/session/token-expiry.ts';
import type { KeeperConfig, SealSecret } from '../../protocol/config.ts';
import { createSealer } from '../storage/encryption.ts';
import type { FirstRead } from '../storage/first-read.ts';
import { sealBindings } from '../runtime/deployment-name.ts';
import { createRowOpener } from '../storage/session-row.ts';

/** What the session machine would say of a request, or `undefined` when the machine has to judge. */
export type FirstVerdict = () => Promise<Verdict | undefined>;

export type FirstVerdictOptions = {
  firstRead: FirstRead;
  config: KeeperConfig;
  origin: string;
  seal: SealSecret | undefined;
  now(): number;
};

/** No key is written before the host is there. */
const NO_DISK = { use: () => Promise.reject(new DOMException('disk', 'InvalidAccessError')) };

const verdictOf = (record: SessionRecord, now: number): Verdict | undefined => {
  if (record.state === 'signed-out') return { type: 'anonymous' };
  return hasEnded(record.session, now) ? undefined : admit(record.session, { now, policy: SESSION_POLICY });
};

/**
 * Answers the requests that start a worker from the session's row alone. So the worker sends them before it evaluates the
 * session machine. Every doubt is the machine's: no row, a row that does not open, a token that is too old.
 */
export const createFirstVerdict = ({ firstRead, config, origin, seal, now }: FirstVerdictOptions): FirstVerdict => {
  const { provider, withoutProvider } = sealBindings(origin, config);
  const sealer = createSealer(NO_DISK, provider, seal);
  const open = createRowOpener(sealer, sealer.boundTo(withoutProvider));
  const read = async (): Promise<SessionRecord | undefined> => {
    const rows = await firstRead.takeRows();
    sealer.useStored(rows?.key);
    return rows?.session === undefined ? undefined : open(rows.session);
  };
  let record: Promise<SessionRecord | undefined> | undefined;
  return async () => {
    record ??= read().catch(() => undefined);
    const known = await record;
    return known && verdictOf(known, now());
  };
};
