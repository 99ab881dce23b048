import { request, type IncomingHttpHeaders } from 'node:http';

export type RawReply = { status: number; headers: IncomingHttpHeaders; text: string };

export type RawRequest = {
  path: string;
  method?: string;
  /** `Host` and the headers that `fetch` does not let its caller set. */
  headers?: Record<string, string>;
  json?: unknown;
  /** Address of loopback from which to connect. */
  from?: string;
};

/** A request with any headers, to loopback. */
export const sendRaw = (port: string, { path, method, headers = {}, json, from }: RawRequest): Promise<RawReply> =>
  new Promise((done, fail) => {
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port, path, headers: { ...type, ...headers } };
    request(
      {
        ...options,
        method: method ?? (json === undefined ? 'GET' : 'POST'),
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    )
      .on('error', fail)
      .end(json === undefined ? undefined : JSON.stringify(json));
  });
