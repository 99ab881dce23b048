import type { Keeper } from '../types/types.ts';

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

/** Sends the request once more after the sign-in that its API demands. Without one, the caller gets the 401. */
export const sendWithStepUp = async (
  request: Request,
  send: (request: Request) => Promise<Response>,
  stepUp: Keeper['stepUp'],
): Promise<Response> => {
  const response = await send(request.clone());
  const isMet = stepUpOf(response) !== undefined && (await stepUp(response, { popup: true })).ok;
  return isMet ? send(request) : response;
};
