import { failed, ok, type Problem, type Result } from '../protocol/problem.ts';

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

/** Saves what the URL gives. A link with `download` never reaches a worker (measured), an object URL needs none. */
export const download = async (send: (url: string) => Promise<Response>, url: string): Promise<Result<null>> => {
  const at = new URL(url, location.href).pathname;
  try {
    const response = await send(url);
    if (!response.ok) return failed(problemOf(response.status, at));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = fileNameOf(response, url);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_AFTER_MS);
    return ok(null);
  } catch {
    return failed({ code: 'network-unreachable', at });
  }
};
