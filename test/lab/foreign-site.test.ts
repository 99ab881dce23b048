import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededChance } from '../../lab/base/chance.ts';
import { LAB_MARK } from '../../lab/proxy/http/gateway-request.ts';
import { startNetwork, type Network } from '../../lab/proxy/network.ts';
import { expireAccess, performPageStep } from '../../lab/run/page-steps.ts';
import { declareUntouched, learnBaseline, proofOf, trafficOf, type Stage } from '../../lab/run/stage.ts';
import { sessionTrouble, socketTrouble } from '../../lab/run/settle.ts';
import { judgeFailure } from '../../lab/run/verdict.ts';
import type { Proof } from '../../lab/site/evidence.ts';
import type { SignInModule } from '../../lab/site/sign-in-module.ts';
import { isObject, parseJson } from '../../src/protocol/schema/json.ts';
import { startTokenSite, TOKEN, type TokenSite } from './support/token-site.ts';

/*
 * A site that the lab does not know keeps its token in storage and sends it in a header. So the lab's own requests carry none,
 * and are refused.
 */

let backend: TokenSite;
let network: Network;
let declared: string[];

beforeEach(async () => {
  backend = await startTokenSite();
  declared = [];
  const target = { host: '127.0.0.1', port: backend.port };
  network = await startNetwork({ route: { type: 'fixed', target }, protocol: 'http', chance: seededChance(7) });
});
afterEach(async () => {
  await network.stop();
  await backend.stop();
});

const REFUSED: Proof = { state: 'refused', status: 401 };
const bearer = { authorization: `Bearer ${TOKEN}` };
const siteAsks = (path: string): Promise<Response> => fetch(`http://${network.address}${path}`, { headers: bearer });

/** Runs the scripts of the lab in this process, through the network of the lab. */
const page = {
  evaluate: async (script: string): Promise<unknown> => {
    if (script.includes('serviceWorker')) return false;
    const path = /fetch\("([^"]+)"/.exec(script)?.[1] ?? '/';
    const sent = parseJson(/headers: (\{.*?\})/.exec(script)?.[1] ?? '{}');
    const headers = new Headers(
      isObject(sent) ? Object.entries(sent).map(([name, value]) => [name, String(value)]) : [],
    );
    const response = await fetch(`http://${network.address}${path}`, { headers });
    return JSON.stringify({
      ...{ status: response.status, type: response.headers.get('content-type'), text: await response.text() },
    });
  },
} as unknown as Page;

const stageOf = (site: Partial<SignInModule>): Stage =>
  ({
    ...{ network, site: { signIn: async () => undefined, proof: '/me', userField: 'name', ...site }, startedAt: 0 },
    browser: { page: () => page },
    declare: (text: string) => void declared.push(text),
    baseline: { user: undefined, proofMode: 'none', sockets: [], hasWorker: false },
  }) as unknown as Stage;

describe('the proof of a site with a token in a header', () => {
  test("comes from the site's own requests, and not from those of the lab", async () => {
    const stage = stageOf({});
    await siteAsks('/me');
    stage.baseline = await learnBaseline(stage, REFUSED);
    expect(stage.baseline).toMatchObject({ proofMode: 'observed', user: 'ada' });
    await page.evaluate(`fetch("/me", { headers: {"accept":"*/*${LAB_MARK}"} })`);
    expect(await proofOf(stage, page, 0)).toEqual({ state: 'proven', user: 'ada' });
  });

  test('comes from a request with the headers of the site where its module knows them', async () => {
    const stage = stageOf({ authorize: async () => bearer });
    expect(await learnBaseline(stage, REFUSED)).toMatchObject({ proofMode: 'asked', user: 'ada' });
  });

  test('is not believed where the path answers everybody', async () => {
    const stage = stageOf({ proof: '/public', authorize: async () => bearer });
    const early: Proof = { state: 'proven', user: undefined };
    stage.baseline = await learnBaseline(stage, early);
    expect(stage.baseline.proofMode).toBe('none');
    expect(declared.join()).toContain('answered before the sign-in too');
    await siteAsks('/public');
    expect(await proofOf(stage, page, 0)).toEqual({ state: 'none' });
  });

  test('outlives an answer without a body', async () => {
    const stage = stageOf({});
    await siteAsks('/me');
    stage.baseline = await learnBaseline(stage, REFUSED);
    await siteAsks('/me?unchanged');
    expect(await proofOf(stage, page, 0)).toEqual({ state: 'proven', user: 'ada' });
  });
});

test("the site's server does not see which requests are of the lab", async () => {
  await page.evaluate(`fetch("/me", { headers: {"accept":"application/json${LAB_MARK}"} })`);
  expect(backend.accepted).toEqual(['application/json']);
  const [record] = network.log.since(0);
  expect(record).toMatchObject({ type: 'exchange', isOfLab: true });
});

test('expires no token of a site that renews none', async () => {
  const stage = stageOf({ renews: false });
  await siteAsks('/me');
  await expireAccess(stage);
  expect((await siteAsks('/me')).status).toBe(200);
  expect(declared.join()).toContain('No token expired');
});

describe('a site whose way out the lab does not find', () => {
  const unseen = { click: async () => undefined, waitFor: async () => Promise.reject(new Error('Timeout')) };
  const locator = { ...unseen, or: () => locator, first: () => locator } as unknown as Locator;
  const tab = { goto: async () => undefined, getByRole: () => locator, bringToFront: async () => undefined };
  const stageWithTab = (site: Partial<SignInModule>): Stage => {
    const context = { newPage: async () => tab };
    return { ...stageOf(site), tabs: [], browser: { page: () => tab, context: () => context } } as unknown as Stage;
  };

  test('is not run, which is no failure of the lab', async () => {
    const failure: unknown = await performPageStep({ type: 'sign-in-other' }, stageWithTab({})).catch(
      (error: unknown) => error,
    );
    expect(judgeFailure(failure)).toEqual({
      verdict: 'skipped',
      summary: 'Not run: the page shows no button to sign out; the sign-in module may export signOut.',
    });
    expect(judgeFailure(new Error('The browser ended.')).verdict).toBe('broken');
  });

  test('is signed out by its module', async () => {
    const seen: Page[] = [];
    const signOut = async (page: Page): Promise<void> => void seen.push(page);
    await performPageStep({ type: 'sign-in-other' }, stageWithTab({ signOut }));
    expect(seen).toEqual([tab]);
  });
});

test('says so when a fault met no request of the site itself', async () => {
  const stage = stageOf({});
  network.faults.add({ match: {}, action: { type: 'status', status: 503 } });
  await page.evaluate(`fetch("/me", { headers: {"accept":"*/*${LAB_MARK}"} })`);
  declareUntouched(stage, 0);
  expect(declared.join()).toContain('met only requests of the lab');
  declared = [];
  await siteAsks('/me');
  declareUntouched(stage, 0);
  expect(declared).toEqual([]);
});

test('lets the user act in a burst, and waits for no user who cannot', async () => {
  let acts = 0;
  const act = async (): Promise<void> => {
    acts += 1;
    throw new Error('The button is hidden.');
  };
  await performPageStep({ type: 'burst', count: 1 }, { ...stageOf({ act }), tabs: [] });
  expect(acts).toBe(1);
});

test("leaves the lab's own requests out of the timeline, except where a worker may have sent them on", async () => {
  const stage = stageOf({});
  await page.evaluate(`fetch("/me", { headers: {"accept":"*/*${LAB_MARK}"} })`);
  await siteAsks('/me');
  expect(trafficOf(stage)).toMatchObject([{ isOfLab: false }]);
  stage.baseline = { ...stage.baseline, hasWorker: true };
  expect(trafficOf(stage)).toHaveLength(2);
});

test('calls a page that shows no user broken, and not signed out, where the backend confirms the user', () => {
  const stage = {
    ...stageOf({}),
    baseline: { user: 'ada', proofMode: 'asked' as const, sockets: [], hasWorker: false },
  };
  const seen = (proof: Proof) => sessionTrouble(stage, { shown: 'other', proof, url: '/' })?.type;
  expect(seen({ state: 'proven', user: 'ada' })).toBe('not-shown');
  expect(seen(REFUSED)).toBe('signed-out');
  expect(seen({ state: 'none' })).toBe('signed-out');
});

test('counts a connection that came back by long polling as connected', async () => {
  const stage = stageOf({});
  const address = `ws://${network.address}/public`;
  stage.baseline = { ...stage.baseline, sockets: [address] };
  expect(socketTrouble(stage, 0)).toEqual({ type: 'no-socket', missing: [address] });
  await siteAsks('/public?transport=polling');
  expect(socketTrouble(stage, 0)).toBeUndefined();
  expect(declared.join()).toContain('long polling');
});
