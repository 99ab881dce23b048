import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export type Note = { life: string; what: string };

/** A site with a toy worker and the real page client. */
export type ToySite = {
  readonly origin: string;
  /** The notes of the workers, in order. A test may clear them. */
  readonly notes: Note[];
  /** Requests below `/api/`: method, path, authorization, idempotency key. */
  readonly requests: { method: string; path: string; authorization: string | undefined; key: string | undefined }[];
  /** How many messages the workers have stored. */
  readonly published: number;
  /** Whether a page has requested the script that sends pulses. */
  pulsing: boolean;
  /** The next worker script: `none` is a 404, and `dumb` never answers. */
  worker: { kind: 'toy' | 'dumb' | 'none'; build: string; claims: boolean; takesOver: boolean };
  close(): Promise<void>;
};

const bundle = async (input: string, format: 'es' | 'iife'): Promise<Map<string, string>> => {
  const build = await rolldown({
    input,
    platform: 'browser',
    transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
  });
  const { output } = await build.generate({
    format,
    codeSplitting: format === 'es',
    entryFileNames: 'entry.js',
    chunkFileNames: '[name].js',
  });
  return new Map(output.flatMap((file) => (file.type === 'chunk' ? [[`/${file.fileName}`, file.code] as const] : [])));
};

const DUMB = `addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', ({ data }) => data.type === 'claim' && clients.claim());`;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const page = (config: string) => `<!doctype html><title>toy</title>${config}
<script type="module">import * as keeper from '/entry.js'; window.lib = keeper;</script>`;

export type ToyScripts = { page: Map<string, string>; worker: string };

export const bundleToyScripts = async (): Promise<ToyScripts> => ({
  page: await bundle(path('../../../src/page/index.ts'), 'es'),
  worker: (await bundle(path('./toy-worker.ts'), 'iife')).get('/entry.js') ?? '',
});

export const openToySite = async ({ page: files, worker }: ToyScripts): Promise<ToySite> => {
  const published = new Map<string, number>();
  const asked = { first: true };

  const scriptOf = ({ kind, build, claims, takesOver }: ToySite['worker']): string | undefined => {
    if (kind === 'none') return undefined;
    return kind === 'dumb' ? DUMB : `self.TOY = ${JSON.stringify({ build, claims, takesOver })};\n${worker}`;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const send = (type: string, text: string | undefined) =>
      response
        .writeHead(text === undefined ? 404 : 200, { 'content-type': type, 'cache-control': 'no-cache' })
        .end(text);
    const body = await bodyOf(request);
    if (url.pathname === '/') return void send('text/html', page(''));
    if (url.pathname === '/sw.js') return void send('text/javascript', scriptOf(site.worker));
    if (url.pathname === '/keeper-pulse.js') site.pulsing = true;
    if (url.pathname === '/log') site.notes.push(JSON.parse(body) as Note);
    if (url.pathname === '/first') {
      const first = asked.first;
      asked.first = false;
      return void send('text/plain', first ? 'first' : 'later');
    }
    if (url.pathname === '/head') return void send('text/plain', String(published.size));
    if (url.pathname === '/next') {
      published.set(body, published.get(body) ?? published.size + 1);
      return void send('application/json', JSON.stringify({ offset: published.get(body) }));
    }
    if (url.pathname.startsWith('/api/')) {
      const { authorization } = request.headers;
      const key = request.headers['idempotency-key'];
      site.requests.push({
        method: request.method ?? '',
        path: url.pathname,
        authorization,
        key: typeof key === 'string' ? key : undefined,
      });
      return void send('text/plain', `${body.length} bytes`);
    }
    send('text/javascript', files.get(url.pathname));
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const site: ToySite = {
    origin: `http://localhost:${port}`,
    get published() {
      return published.size;
    },
    notes: [],
    requests: [],
    pulsing: false,
    worker: { kind: 'toy', build: 'one', claims: true, takesOver: true },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return site;
};
