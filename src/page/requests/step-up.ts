import type { SnapshotStore } from '../connection/snapshot-store.ts';
import type { Keeper } from '../types/types.ts';
import { waitForEvent } from '../util/timers.ts';
import { keepRequest } from './kept-requests.ts';

export { sendAgain } from './kept-requests.ts';

type StepUp = { [name: string]: string };

const PARAMETER = /([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)/g;

/** The parameters of a `WWW-Authenticate` header (RFC 9110 §11.2). Of two with one name, the first. */
const parametersIn = (header: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of header.matchAll(PARAMETER)) {
    const text = value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), text);
  }
  return found;
};

/** Microsoft writes the claims of a challenge in base64. */
const decoded = (claims: string): string => {
  if (claims.startsWith('{')) return claims;
  try {
    return atob(claims);
  } catch {
    return claims;
  }
};

/**
 * What a sign-in needs so that the API accepts the request that it answered with 401 (RFC 9470 §3). `insufficient_claims` is
 * the same of Microsoft Entra ID (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
 */
export const stepUpOf = ({ status, headers }: Pick<Response, 'status' | 'headers'>): StepUp | undefined => {
  const parameters = parametersIn(status === 401 ? (headers.get('www-authenticate') ?? '') : '');
  const error = parameters.get('error');
  const claims = parameters.get('claims');
  if (error === 'insufficient_claims' && claims !== undefined) return { claims: decoded(claims) };
  if (error !== 'insufficient_user_authentication') return undefined;
  const wanted = ['acr_values', 'max_age'].flatMap((name): [string, string][] => {
    const value = parameters.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  // Without a wish, a sign-in of now is the best that there is.
  return wanted.length > 0 ? Object.fromEntries(wanted) : { prompt: 'login' };
};

type Ways = {
  send(request: Request): Promise<Response>;
  stepUp: Keeper['stepUp'];
  store: Pick<SnapshotStore, 'get'>;
};

/** A page that is still there after this time (ms) did not leave: the person stopped it, or the provider gave no document. */
const LEAVES_WITHIN_MS = 60_000;

/**
 * Leaves for the provider with the request on record. A page that the back-forward cache gives back, or that did not leave,
 * has a caller that still waits: it gets the 401, and no one sends the request.
 */
const leave = async (kept: Request, response: Response, { stepUp, store }: Ways): Promise<Response> => {
  const forget = await keepRequest(kept, store.get());
  if (!forget) return response;
  const next = await stepUp(response);
  if (next.ok && next.value.type === 'redirect') await waitForEvent(window, 'pageshow', LEAVES_WITHIN_MS);
  forget();
  kept.signal.throwIfAborted();
  return response;
};

/** Sends the request once more after the sign-in that its API demands. Without one, the caller gets the 401. */
export const sendWithStepUp = async (request: Request, by: 'popup' | 'redirect', ways: Ways): Promise<Response> => {
  const { send, stepUp } = ways;
  const response = await send(request.clone());
  if (stepUpOf(response) === undefined) return response;
  if (by === 'redirect') return leave(request, response, ways);
  return (await stepUp(response, { popup: true })).ok ? send(request) : response;
};
