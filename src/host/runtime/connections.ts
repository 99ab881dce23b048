import type { Clock } from './clock.ts';
import { sendDirectly } from './send-directly.ts';

/**
 * After a sleep the browser may hold connections that are dead, and nothing says so: the other side, or a router, forgot
 * them. A request on one waits until its own limit. That is two minutes for a refresh token that must not be sent twice.
 * Chromium ends a dead connection only when its request is aborted, and it aborts none that a worker answers
 * (w3c/ServiceWorker#1544, measured).
 */
export type ConnectionCheck = {
  /**
   * Asks the server of this address for headers, once after each sleep. Resolves with its first answer, or when the dead
   * connections have ended. `undefined` when the device did not sleep. Never rejects.
   */
  checked(url: string | URL): Promise<unknown> | undefined;
};

/** `clock`: the one that the host must use, because its alarms show that the device slept. */
export type Connections = ConnectionCheck & { readonly clock: Clock };

/** An alarm this late means that the device slept. A shorter sleep leaves connections alive. */
const LATE_MS = 90_000;
/** A connection that gives no answer for so long is dead. A slow one loses only this request. */
const ANSWER_WITHIN_MS = 3_000;
/** As many as a browser opens to one server by HTTP/1.1, so that no dead one is left over. */
const TO_OWN_SERVER = 6;
/** Requests without cookies have connections of their own. The keeper sends few of them. */
const TO_PROVIDER = 2;

/** `home`: an address of the own server that any browser may ask for without an effect. */
export const createConnections = (base: Clock, home: URL): Connections => {
  const due = new Set<{ at: number }>();
  let sleeps = 0;
  const checks = new Map<string, { sleep: number; answered: Promise<unknown> | undefined }>();

  /** Counts each sleep once, although its alarms fire later: a timer does not see the time that the device slept. */
  const look = (): void => {
    const now = base.now();
    let isLate = false;
    for (const alarm of due) {
      if (now - alarm.at <= LATE_MS) continue;
      isLate = true;
      alarm.at = Infinity;
    }
    if (isLate) sleeps += 1;
  };

  const check = async (url: URL): Promise<unknown> => {
    const isOwn = url.origin === home.origin;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const ask = (): Promise<Response> =>
      sendDirectly(isOwn ? home : url, {
        ...{ method: 'HEAD', cache: 'no-store', signal },
        ...(isOwn ? { redirect: 'manual' } : { mode: 'no-cors', credentials: 'omit' }),
      });
    const asked = Array.from({ length: isOwn ? TO_OWN_SERVER : TO_PROVIDER }, ask);
    return Promise.any(asked).catch(() => undefined);
  };

  return {
    clock: {
      now: base.now,
      schedule(at, run) {
        const alarm = { at: Math.max(at, base.now()) };
        due.add(alarm);
        const cancel = base.schedule(at, () => {
          look();
          due.delete(alarm);
          run();
        });
        return () => {
          due.delete(alarm);
          cancel();
        };
      },
    },
    checked(address) {
      look();
      if (sleeps === 0) return undefined;
      const url = new URL(address, home);
      const known = checks.get(url.origin);
      if (known?.sleep === sleeps) return known.answered;
      const begun: { sleep: number; answered: Promise<unknown> | undefined } = {
        sleep: sleeps,
        answered: check(url).then(() => (begun.answered = undefined)),
      };
      checks.set(url.origin, begun);
      return begun.answered;
    },
  };
};
