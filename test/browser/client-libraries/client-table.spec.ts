import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { test as base } from '../../support/browser/crashes.ts';
import { expect } from '../../support/browser/expect.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { startClientSite, type ClientSite } from '../../support/sites/client-site.ts';
import type { clientTable } from './client-table/page.ts';

/*
 * Every client library at once, in two tabs. After each event, every client of each tab must exchange messages again.
 * WRITE_DOCS=1 writes the table of the document.
 */

const DOCUMENT = 'docs/reference/client-libraries.md';
const [BEGIN, END] = ['<!-- clients, written by the test -->', '<!-- end -->'];
const BACK_WITHIN_MS = 60_000;
const EVENTS = ['two tabs', 'upstream cut', 'worker killed', 'sign-out and in'] as const;

const test = base.extend<object, { site: ClientSite }>({
  site: [
    async ({}, use) => {
      const site = await startClientSite('table');
      await use(site);
      await site.stop();
    },
    { scope: 'worker' },
  ],
});

type Row = (typeof clientTable.rows)[number];

const signIn = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    if (window.keeper.snapshot.session.state !== 'active')
      await window.keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' });
  });

const open = async (page: Page, { origin }: ClientSite): Promise<Page> => {
  await page.goto(origin);
  await page.waitForFunction(() => 'clientTable' in window);
  await page.evaluate(async () => void (window.keeper = await window.clientTable.connect()));
  await signIn(page);
  await page.evaluate(() => window.clientTable.start());
  return page;
};

/** The clients that exchange no message within the limit, by tab. */
const silentAfter = async (event: string, pages: readonly Page[], rows: readonly Row[]): Promise<readonly string[]> => {
  const said = pages.map((_, tab) => `${event.replaceAll(' ', '-')}-${tab}`);
  await Promise.all(pages.map((page, tab) => page.evaluate((text) => window.clientTable.say(text), said[tab] ?? '')));
  const silent = async (): Promise<string[]> => {
    const receivers = await Promise.all(
      pages.map((page) => page.evaluate((texts) => texts.map((text) => window.clientTable.receivers(text)), said)),
    );
    return rows.flatMap(({ name, answers }) =>
      pages.flatMap((_, tab) => {
        const by = answers === 'room' ? pages.length - 1 - tab : tab;
        return receivers[by]?.[tab]?.includes(name) ? [] : [`${name} in tab ${tab + 1}`];
      }),
    );
  };
  try {
    await expect.poll(silent, { timeout: BACK_WITHIN_MS }).toEqual([]);
  } catch {
    return silent();
  }
  return [];
};

const tableOf = (rows: readonly Row[], silent: ReadonlyMap<string, readonly string[]>): string => {
  const verdict = (name: string, event: string): string =>
    silent.get(event)?.some((each) => each.startsWith(`${name} in`)) === false ? 'works' : 'fails';
  const lines = rows.map(({ name, option, codec, server }) =>
    [name, option, `\`${codec}\``, server, ...EVENTS.map((event) => verdict(name, event))].join(' | '),
  );
  return [
    `| Client | How it gets KeeperSocket | Codec | Server in the test | ${EVENTS.map((event) => event.replace(/^./, (letter) => letter.toUpperCase())).join(' | ')} |`,
    `|${'---|'.repeat(4 + EVENTS.length)}`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
};

const checkDocument = async (table: string): Promise<void> => {
  const document = await readFile(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = document.split(BEGIN);
  const [written = '', after = ''] = rest.split(END);
  if (process.env['WRITE_DOCS'] === '1') await writeFile(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
  else expect(table, `${DOCUMENT} says otherwise; WRITE_DOCS=1 writes it`).toBe(written.trim());
};

test('every client library exchanges messages in two tabs, after a cut, a worker’s death, and a sign-out', async ({
  page,
  site,
}) => {
  test.setTimeout((1 + EVENTS.length) * BACK_WITHIN_MS);
  const pages = [await open(page, site), await open(await page.context().newPage(), site)] as const;
  const rows = await page.evaluate(() => window.clientTable.rows);
  const happen: Readonly<Record<(typeof EVENTS)[number], () => unknown>> = {
    'two tabs': () => undefined,
    'upstream cut': () => expect(site.servers.cutAll()).toBeGreaterThan(rows.length),
    'worker killed': () => killWorkers(page),
    'sign-out and in': async () => {
      await page.evaluate(() => window.keeper.signOut());
      await expect.poll(() => site.servers.connections(), { timeout: BACK_WITHIN_MS }).toBe(0);
      await signIn(page);
    },
  };
  const silent = new Map<string, readonly string[]>();
  for (const event of EVENTS) {
    await happen[event]();
    silent.set(event, await silentAfter(event, pages, rows));
  }
  expect.soft(Object.fromEntries(silent)).toEqual(Object.fromEntries(EVENTS.map((event) => [event, []])));
  // Two tabs, one connection.
  for (const path of ['/phoenix/', '/realtime/', '/centrifuge', '/graphql', '/all'])
    expect.soft(site.servers.open(path)).toHaveLength(1);
  await checkDocument(tableOf(rows, silent));
});
