import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { failed, ok, type Problem, type Result } from '../../protocol/problem.ts';
import { parsedUrl } from '../util/parsed-url.ts';

/** Long enough for a browser to have begun to read the object URL. */
const REVOKE_AFTER_MS = 60_000;

/** RFC 6266: the plain and the encoded form of a file's name. */
const fileNameOf = (response: Response, url: string): string => {
  const disposition = response.headers.get('content-disposition') ?? '';
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(disposition)?.[1];
  const plain = /filename="?([^";]+)"?/i.exec(disposition)?.[1];
  try {
    if (encoded) return decodeURIComponent(encoded);
  } catch {
    // not encoded as it says: the next best name
  }
  return plain ?? new URL(url, location.href).pathname.split('/').pop() ?? '';
};

const problemOf = (status: number, at: string): Problem =>
  status >= 500 || status === 429
    ? { code: status === 429 ? 'rate-limited' : 'server-unavailable', at, status }
    : { code: 'unexpected-answer', at, status, detail: 'download' };

const save = (href: string, name: string): void => {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
};

/** Routes that do not exist, or not for POST: this server gives no links. */
const NO_LINKS: readonly number[] = [404, 405, 501];

type Send = (url: string, init?: RequestInit) => Promise<Response>;

/** A link of one use, for a request that no worker sees. It stays on the origin of what it is for. */
const linkFor = async (send: Send, url: string): Promise<Result<string | undefined>> => {
  const to = new URL(url, location.href);
  to.pathname += '/link';
  const response = await send(to.href, { method: 'POST' });
  if (NO_LINKS.includes(response.status)) return ok(undefined);
  if (!response.ok) return failed(problemOf(response.status, to.pathname));
  const body = parseJson(await response.text());
  const link = isObject(body) ? stringAt(body, 'url') : undefined;
  const target = link === undefined ? undefined : parsedUrl(link, to);
  return target?.origin === to.origin ? ok(target.href) : failed(problemOf(response.status, to.pathname));
};

const saveWhole = async (send: Send, url: string, at: string): Promise<Result<null>> => {
  const response = await send(url);
  if (!response.ok) return failed(problemOf(response.status, at));
  const href = URL.createObjectURL(await response.blob());
  save(href, fileNameOf(response, url));
  setTimeout(() => URL.revokeObjectURL(href), REVOKE_AFTER_MS);
  return ok(null);
};

/** See `Keeper.download`. A link with `download` never reaches a worker (measured), an object URL needs none. */
export const download = async (send: Send, url: string): Promise<Result<null>> => {
  const at = new URL(url, location.href).pathname;
  try {
    const link = await linkFor(send, url);
    if (!link.ok) return link;
    if (link.value === undefined) return await saveWhole(send, url, at);
    save(link.value, '');
    return ok(null);
  } catch {
    return failed({ code: 'network-unreachable', at });
  }
};
