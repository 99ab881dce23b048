import { POPUP_CHANNEL, POPUP_PATH } from '../../protocol/bridge/bridge-constants.ts';
import type { KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { SignInNext } from '../../protocol/bridge/calls.ts';
import { newId } from '../../protocol/ids.ts';
import { failed, ok, type Result } from '../../protocol/problem.ts';
import { resolveAfter } from '../../protocol/timing/timer.ts';

const FEATURES = 'popup,width=480,height=680';
/** A window that has just closed may have sent its message before. */
const LAST_MESSAGE_MS = 1_500;

/** What the worker says once the window has come back. */
const outcome = async (api: Pick<KeeperApi, 'snapshot'>): Promise<Result<SignInNext>> => {
  const snapshot = await api.snapshot();
  if (!snapshot.ok) return snapshot;
  const { session } = snapshot.value;
  const problem = session.state === 'starting' ? undefined : session.signInProblem;
  if (problem) return failed(problem);
  return session.state === 'signed-out' ? failed({ code: 'cancelled' }) : ok({ type: 'signed-in' });
};

/**
 * Resolves with `true` when the window has come back. With `false` when the person returns to this page and the window is
 * gone. A provider with `Cross-Origin-Opener-Policy` makes it look closed at once, so only a return to this page counts
 * (https://html.spec.whatwg.org/#cross-origin-opener-policies).
 */
const comesBack = (id: string, popup: Window): Promise<boolean> =>
  new Promise((resolve) => {
    const channel = new BroadcastChannel(POPUP_CHANNEL);
    const done = new AbortController();
    const settle = (came: boolean): void => {
      done.abort();
      channel.close();
      resolve(came);
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>) => data === id && settle(true);
    const onFocus = (): void => {
      if (popup.closed) void resolveAfter(LAST_MESSAGE_MS).then(() => done.signal.aborted || settle(false));
    };
    addEventListener('focus', onFocus, { signal: done.signal });
  });

/**
 * Signs in at the provider in a window of its own, so that this page stays. `begin` asks the worker for the provider's
 * address. Call it in the handler of a click: browsers block other windows.
 */
export const signInByPopup = async (
  api: Pick<KeeperApi, 'snapshot'>,
  begin: (returnTo: string) => Promise<Result<SignInNext>>,
): Promise<Result<SignInNext>> => {
  const popup = window.open('', '', FEATURES);
  if (!popup) return failed({ code: 'unsupported', detail: 'popup-blocked' });
  const id = newId();
  const { scope } = await navigator.serviceWorker.ready;
  const next = await begin(`${new URL(scope).pathname}${POPUP_PATH}?id=${id}`);
  if (!next.ok || next.value.type !== 'redirect' || !/^https?:/.test(next.value.url)) {
    popup.close();
    return next;
  }
  const back = comesBack(id, popup);
  popup.location.href = next.value.url;
  if (!(await back)) return failed({ code: 'cancelled' });
  popup.close();
  return outcome(api);
};
