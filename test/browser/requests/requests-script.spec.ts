import type { Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { openKeeper } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { hitsOn, SCHEMES, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';

/** One kind of request: the page's code, and how many requests the server must get. */
type Case = {
  kind: string;
  path: RegExp;
  hits: number;
  /** Runs in the page. Returns the result of the caller. */
  act: () => string | Promise<string>;
  before?: (lab: FaultClient) => Promise<void>;
  /** The result that only the test can see. */
  after?: (page: Page) => Promise<void>;
};

const MODELS = /\/llm\/models$/;
const NOTES = /\/notes$/;
const PICTURE = /\/picture\.png$/;
const UPLOAD = /\/media\/upload$/;
const STREAM = /\/media\/stream$/;

const refuseOnce = (lab: FaultClient): Promise<void> => lab.expireTokens();

const CASES: readonly Case[] = [
  {
    kind: '`fetch`, GET',
    path: MODELS,
    hits: 1,
    act: async () => String((await fetch('/api/v1/llm/models')).status),
  },
  {
    kind: '`fetch`, POST with text',
    path: NOTES,
    hits: 1,
    act: async () => String((await fetch('/api/v1/notes', { method: 'POST', body: '{"text":"by fetch"}' })).status),
  },
  {
    kind: '`fetch`, POST with a form and a file',
    path: UPLOAD,
    hits: 1,
    act: async () => {
      const body = new FormData();
      body.append('file', new File(['x'.repeat(1000)], 'x.txt'));
      return String((await fetch('/api/v1/media/upload', { method: 'POST', body })).status);
    },
  },
  {
    kind: '`fetch`, HEAD',
    path: PICTURE,
    hits: 1,
    act: async () => {
      const response = await fetch('/api/v1/media/picture.png', { method: 'HEAD' });
      return `${response.status}, \`${response.headers.get('content-type')}\`, ${(await response.text()).length} B`;
    },
  },
  {
    kind: '`fetch` with `If-None-Match`',
    path: PICTURE,
    hits: 2,
    act: async () => {
      const first = await fetch('/api/v1/media/picture.png');
      const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
      const second = await fetch('/api/v1/media/picture.png', { headers });
      return `${first.status}, then ${second.status} and ${(await second.text()).length} B`;
    },
  },
  {
    kind: '`fetch` with `Range`',
    path: PICTURE,
    hits: 1,
    act: async () => {
      const response = await fetch('/api/v1/media/picture.png', { headers: { range: 'bytes=8-15' } });
      const range = response.headers.get('content-range')?.replace(/\/\d+$/, '/…');
      return `${response.status}, \`Content-Range: ${range}\`, ${(await response.arrayBuffer()).byteLength} B`;
    },
  },
  {
    kind: '`fetch` with a `Range` beyond the end',
    path: PICTURE,
    hits: 1,
    act: async () =>
      String((await fetch('/api/v1/media/picture.png', { headers: { range: 'bytes=99999999-' } })).status),
  },
  {
    kind: '`fetch` with `Authorization` and `DPoP` of its own',
    path: MODELS,
    hits: 1,
    act: async () => {
      const headers = { authorization: 'Basic ZGVtbzpkZW1v', dpop: 'of the page' };
      return String((await fetch('/api/v1/llm/models', { headers })).status);
    },
  },
  {
    kind: '`fetch`, `only-if-cached`',
    path: MODELS,
    hits: 0,
    act: () =>
      Promise.all(
        // One URL that the page requested before, and one that it did not.
        ['/api/v1/llm/models', `/api/v1/llm/models?${crypto.randomUUID()}`].map((url) =>
          fetch(url, { cache: 'only-if-cached', mode: 'same-origin' }).then(
            ({ status }) => String(status),
            (error: Error) => `\`${error.name}\``,
          ),
        ),
      ).then((outcomes) => [...new Set(outcomes)].join(', ')),
  },
  {
    kind: '`fetch`, `keepalive`',
    path: NOTES,
    hits: 1,
    act: async () => {
      const body = '{"text":"kept alive"}';
      return String((await fetch('/api/v1/notes', { method: 'POST', keepalive: true, body })).status);
    },
  },
  {
    kind: '`fetch`, `keepalive`, and the page goes away',
    path: NOTES,
    hits: 1,
    act: () => {
      addEventListener('pagehide', () => {
        void fetch('/api/v1/notes', { method: 'POST', keepalive: true, body: '{"text":"a last word"}' });
      });
      return 'the page is gone';
    },
    after: async (page) => {
      const home = new URL(page.url()).origin;
      await page.goto('about:blank');
      await openKeeper(page, home);
    },
  },
  {
    kind: '`navigator.sendBeacon`',
    path: NOTES,
    hits: 1,
    act: () => `\`${navigator.sendBeacon('/api/v1/notes', '{"text":"by beacon"}')}\`, at once`,
  },
  {
    kind: '`XMLHttpRequest`, GET',
    path: MODELS,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.open('GET', '/api/v1/llm/models');
        request.onloadend = () => resolve(String(request.status));
        request.send();
      }),
  },
  {
    kind: '`XMLHttpRequest`, synchronous',
    path: MODELS,
    hits: 1,
    act: () => {
      const request = new XMLHttpRequest();
      request.open('GET', '/api/v1/llm/models', false);
      request.send();
      return String(request.status);
    },
  },
  {
    kind: '`fetch`, `no-cors`',
    path: MODELS,
    hits: 1,
    act: async () => String((await fetch('/api/v1/llm/models', { mode: 'no-cors' })).status),
  },
  {
    kind: '`fetch`, `credentials: "omit"`',
    path: MODELS,
    hits: 1,
    act: async () => String((await fetch('/api/v1/llm/models', { credentials: 'omit' })).status),
  },
  {
    kind: '`XMLHttpRequest`, POST of 1 MiB',
    path: UPLOAD,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const request = new XMLHttpRequest();
        let events = 0;
        request.upload.onprogress = () => (events += 1);
        request.open('POST', '/api/v1/media/upload');
        request.onloadend = () => resolve(`${request.status}, ${events} progress events`);
        request.send(new Blob([new Uint8Array(1024 * 1024)]));
      }),
  },
  {
    kind: '`EventSource`',
    path: STREAM,
    hits: 1,
    act: () =>
      new Promise((resolve) => {
        const source = new EventSource('/api/v1/media/stream?count=3&everyMs=5');
        const ids: string[] = [];
        source.onmessage = ({ lastEventId }) => {
          ids.push(lastEventId);
          if (ids.length < 3) return;
          source.close();
          resolve(`events ${ids.join(', ')}`);
        };
      }),
  },
  {
    kind: 'a download read as a stream',
    path: /\/media\/download$/,
    hits: 1,
    act: async () => {
      const { status, body } = await fetch('/api/v1/media/download');
      let bytes = 0;
      await body?.pipeTo(new WritableStream<Uint8Array>({ write: (piece) => void (bytes += piece.length) }));
      return `${status}, ${bytes} B`;
    },
  },
  {
    kind: 'an upload from a stream, HTTP/1.1',
    path: UPLOAD,
    hits: 0,
    act: () => {
      const body = new Blob(['x'.repeat(1000)]).stream();
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
      return fetch('/api/v1/media/upload', init).then(
        ({ status }) => String(status),
        (error: Error) => `\`${error.name}\`, as without a worker`,
      );
    },
  },
  {
    kind: 'a server error',
    path: MODELS,
    hits: 1,
    before: (lab) => lab.add({ at: 'api', path: '/api/v1/llm/', kind: 'status', status: 503, times: 1 }),
    act: async () => String((await fetch('/api/v1/llm/models')).status),
  },
  {
    kind: 'GET',
    path: MODELS,
    hits: 2,
    before: refuseOnce,
    act: async () => String((await fetch('/api/v1/llm/models')).status),
  },
  {
    kind: 'POST with text',
    path: NOTES,
    hits: 2,
    before: refuseOnce,
    act: async () => String((await fetch('/api/v1/notes', { method: 'POST', body: '{"text":"twice sent"}' })).status),
  },
  {
    kind: 'POST with a form and a file',
    path: UPLOAD,
    hits: 2,
    before: refuseOnce,
    act: async () => {
      const body = new FormData();
      body.append('file', new File(['x'.repeat(1000)], 'x.txt'));
      return String((await fetch('/api/v1/media/upload', { method: 'POST', body })).status);
    },
  },
  {
    kind: 'POST of 1 MiB',
    path: UPLOAD,
    hits: 2,
    before: refuseOnce,
    act: async () => {
      const bytes = Uint8Array.from({ length: 1024 * 1024 }, (_, at) => at % 251);
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      const response = await fetch('/api/v1/media/upload', { method: 'POST', body: bytes });
      const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
      const whole = (await response.text()).includes(hex);
      return `${response.status}; the server has ${whole ? 'the same bytes' : 'other bytes'}`;
    },
  },
  {
    kind: '`sendBeacon`',
    path: NOTES,
    hits: 2,
    before: refuseOnce,
    act: () => `\`${navigator.sendBeacon('/api/v1/notes', '{"text":"a beacon, again"}')}\`, at once`,
  },
  {
    kind: '`EventSource` ',
    path: STREAM,
    hits: 2,
    before: refuseOnce,
    act: () =>
      new Promise((resolve) => {
        const source = new EventSource('/api/v1/media/stream?count=3&everyMs=5');
        source.onmessage = ({ lastEventId }) => {
          if (lastEventId !== '3') return;
          source.close();
          resolve('events 1 to 3');
        };
      }),
  },
];

for (const sign of TOKEN_KINDS) {
  test(`${sign}: sends the requests of scripts as the table shows`, async ({ page, app, lab, complaints }) => {
    complaints.expect(FAILED_REQUEST);
    await signIn(page, app.origin, sign);
    for (const { kind, path, hits, act, before, after } of CASES) {
      await test.step(kind, async () => {
        await before?.(lab);
        await lab.clearLog();
        const caller = await page.evaluate(act);
        await after?.(page);
        const seen = await hitsOn(lab, path, hits);
        await lab.clear();
        await checkRow({ kind, server: seen.map((hit) => wordsFor(hit, { scheme: SCHEMES[sign] })), caller });
      });
    }
  });
}

test('sends a request without authorization when signed out', async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await openKeeper(page, app.origin);
  const caller = await page.evaluate(async () => String((await fetch('/api/v1/llm/models')).status));
  expect(caller).toBe('401');
  const hits = await hitsOn(lab, MODELS, 1);
  await checkRow({ kind: 'signed out', server: hits.map((hit) => wordsFor(hit)), caller });
});
