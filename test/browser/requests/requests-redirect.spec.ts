import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { hitsOn, SCHEMES, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { startOtherOriginSite, type OtherOriginSite } from '../../support/sites/other-origin-site.ts';

const MODELS = '/api/v1/llm/models';
const LATEST = '/api/v1/media/latest/picture';
/** The paths that the requests of a case may reach. The page does not request them otherwise. */
const PATHS = /\/llm\/models$|\/media\/|\/notes$/;

type Case = {
  kind: string;
  /** How many requests get a redirect to `to`. With 0, the server's own route redirects. */
  redirects: number;
  status?: number;
  to?: (otherSite: OtherOriginSite) => string;
  url: string;
  init?: RequestInit;
  /** How many requests reach the server, by the scheme of the session. */
  hits: { bearer: number; dpop: number };
};

const same = (count: number): Case['hits'] => ({ bearer: count, dpop: count });
const toPicture = (): string => '/api/v1/media/picture.png';
const abroad = ({ origin }: OtherOriginSite): string => `${origin}/abroad`;

const CASES: readonly Case[] = [
  { kind: 'to another path', redirects: 1, to: toPicture, url: MODELS, hits: same(1) },
  {
    kind: 'of a POST (307)',
    redirects: 1,
    status: 307,
    to: toPicture,
    url: '/api/v1/notes',
    init: { method: 'POST', body: '{"text":"moved"}' },
    hits: same(1),
  },
  { kind: 'to another origin', redirects: 1, to: abroad, url: MODELS, hits: same(1) },
  {
    kind: '`redirect: "manual"`',
    redirects: 1,
    to: toPicture,
    url: MODELS,
    init: { redirect: 'manual' },
    hits: same(1),
  },
  { kind: '`redirect: "error"`', redirects: 1, to: toPicture, url: MODELS, init: { redirect: 'error' }, hits: same(1) },
  // A DPoP proof is valid for one URL, so the target refuses the first one and gets another.
  { kind: 'of a declared path', redirects: 0, url: LATEST, hits: { bearer: 2, dpop: 3 } },
  { kind: 'of a declared path, to another origin', redirects: 2, to: abroad, url: LATEST, hits: same(2) },
];

let otherSite: OtherOriginSite;
test.beforeAll(async () => {
  otherSite = await startOtherOriginSite(() => 'abroad');
});
test.afterAll(() => otherSite.close());

for (const sign of TOKEN_KINDS) {
  const scheme = SCHEMES[sign];

  test(`${sign}: sends no token to another origin when a request is redirected [redirects-keep-token]`, async ({
    page,
    app,
    lab,
    complaints,
  }) => {
    complaints.expect(FAILED_REQUEST);
    await signIn(page, app.origin, sign);
    for (const { kind, redirects, status, to, url, init, hits } of CASES) {
      await test.step(kind, async () => {
        await lab.clearLog();
        if (to) {
          const fault = { at: 'api', path: url, kind: 'redirect', location: to(otherSite), times: redirects } as const;
          await lab.add(status === undefined ? fault : { ...fault, status });
        }
        const caller = await page.evaluate(
          ([address, options]) =>
            fetch(address, options).then(
              async (response) => {
                const { code } = (await response
                  .clone()
                  .json()
                  .catch(() => ({}))) as { code?: string };
                if (code !== undefined) return `${response.status} \`${code}\``;
                if (response.type === 'opaqueredirect') return 'an opaque redirect';
                return `${response.status} of \`${new URL(response.url).pathname}\``;
              },
              (error: Error) => `\`${error.name}\``,
            ),
          [url, init] as const,
        );
        const seen = await hitsOn(lab, PATHS, hits[scheme]);
        await lab.clear();
        const words = seen.map((hit) => wordsFor(hit, { scheme }));
        if (hits[scheme] > hits.bearer) expect(words.splice(1, 1)).toEqual([REFUSED_PROOF]);
        await checkRow({ kind, server: words, caller });
      });
    }
    expect(otherSite.received).toEqual([]);
  });

  test(`${sign}: shows a picture behind a declared redirect`, async ({ page, app, lab }) => {
    await signIn(page, app.origin, sign);
    await lab.clearLog();
    const caller = await page.evaluate(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return 'the picture';
    }, LATEST);
    const seen = await hitsOn(lab, PATHS, scheme === 'dpop' ? 3 : 2);
    const words = seen.map((hit) => wordsFor(hit, { scheme }));
    if (scheme === 'dpop') expect(words.splice(1, 1)).toEqual([REFUSED_PROOF]);
    await checkRow({ kind: 'of a declared path, `<img>`', server: words, caller });
  });
}

const REFUSED_PROOF = '`GET /api/v1/media/picture.png`, token → 401';
