import type { Page } from 'playwright-core';
import { isObject, own, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { LAB_MARK } from '../proxy/http/gateway-request.ts';
import { PASSWORD_FIELD } from './form-sign-in.ts';
import type { SignInModule } from './sign-in-module.ts';

/** What a page shows. `error`: the browser's own error page, or nothing at all. */
export type Shown = 'signed-in' | 'sign-in' | 'error' | 'other';

/** What the backend answered to a request of the page. */
export type Proof =
  | { state: 'proven'; user: string | undefined }
  | { state: 'refused'; status: number }
  | { state: 'wrong-answer'; what: string }
  | { state: 'unreachable'; why: string }
  | { state: 'none' };

export type Evidence = { shown: Shown; proof: Proof; url: string };

const LOOK_WITHIN_MS = 5_000;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
/** Names in the address of a page that asks a user to sign in. */
export const SIGN_IN_ADDRESS = /(^|[/.#?&=-])(log-?in|sign-?in|sso|authorize|u\/login)([/.#?&=-]|$)/i;

const within = <T>(promise: Promise<T>, otherwise: T): Promise<T> =>
  Promise.race([
    promise.catch(() => otherwise),
    new Promise<T>((resolve) => {
      setTimeout(resolve, LOOK_WITHIN_MS, otherwise).unref();
    }),
  ]);

/** What the page shows now. Never throws: a page that navigates shows nothing yet. */
export const look = async (page: Page, { isSignedIn }: SignInModule): Promise<Shown> => {
  const url = page.url();
  if (url.startsWith('chrome-error:')) return 'error';
  const known = isSignedIn && (await within(isSignedIn(page), false));
  if (known === true) return 'signed-in';
  const asks = await within(page.locator(PASSWORD_FIELD).first().isVisible(), false);
  if (asks || SIGN_IN_ADDRESS.test(new URL(url).pathname)) return 'sign-in';
  const text = await within(page.evaluate<string>('document.body?.innerText ?? ""'), '');
  if (text.trim() === '') return 'error';
  if (isSignedIn) return (await offersSignIn(page)) ? 'sign-in' : 'other';
  return 'signed-in';
};

const OFFER = /^\s*((sign|log) ?in\b|continue with|anmelden)/i;
/** Many sites offer to sign in by a button only. */
const offersSignIn = (page: Page): Promise<boolean> =>
  within(
    page
      .getByRole('button', { name: OFFER })
      .or(page.getByRole('link', { name: OFFER }))
      .first()
      .isVisible(),
    false,
  );

/** A field of JSON by its path, such as `user.id`. */
const fieldAt = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (isObject(at) ? own(at, name) : undefined), value);

export const userIn = (text: string, userField: string | undefined): string | undefined => {
  if (userField === undefined) return undefined;
  const found = fieldAt(parseJson(text), userField);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
};

/** Judges the answer of the proof path. An HTML page is no proof, with any status. */
export const judgeProof = (status: number, type: string, text: string, userField: string | undefined): Proof => {
  if (status === UNAUTHORIZED || status === FORBIDDEN) return { state: 'refused', status };
  if (status < 200 || status > 299) return { state: 'unreachable', why: `it answered ${status}` };
  if (type.includes('html')) return { state: 'wrong-answer', what: 'an HTML page' };
  return { state: 'proven', user: userIn(text, userField) };
};

/** The headers of a request that the lab sends as the page would. Never throws: a page that navigates has none. */
export const headersOf = async (page: Page, { authorize }: SignInModule): Promise<Readonly<Record<string, string>>> =>
  authorize ? await within(authorize(page), {}) : {};

/** Runs in the page, so that its worker and its cookies take part. */
const askScript = (path: string, headers: Readonly<Record<string, string>>): string => `(async () => {
  try {
    const response = await fetch(${JSON.stringify(path)}, {
      credentials: 'include', cache: 'no-store', headers: ${JSON.stringify({ ...headers, accept: `application/json${LAB_MARK}` })}, signal: AbortSignal.timeout(${LOOK_WITHIN_MS}),
    });
    return JSON.stringify({ status: response.status, type: response.headers.get('content-type') ?? '', text: (await response.text()).slice(0, 4000) });
  } catch (error) {
    return JSON.stringify({ why: String(error?.message ?? error) });
  }
})()`;

/** Asks the backend from the page who is signed in. */
export const prove = async (page: Page, site: SignInModule): Promise<Proof> => {
  const { proof, userField } = site;
  if (proof === undefined) return { state: 'none' };
  const script = askScript(proof, await headersOf(page, site));
  const answer = parseJson(await within(page.evaluate<string>(script), '{"why":"the page did not respond"}'));
  if (!isObject(answer)) return { state: 'unreachable', why: 'the page did not respond' };
  const status = own(answer, 'status');
  if (typeof status !== 'number') return { state: 'unreachable', why: stringAt(answer, 'why') ?? 'unknown' };
  return judgeProof(status, stringAt(answer, 'type') ?? '', stringAt(answer, 'text') ?? '', userField);
};
