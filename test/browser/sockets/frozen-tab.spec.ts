import { connectIn, countIn, receivedIn, tabsOf } from '../../support/page/bare-keeper.ts';
import { startBareBrowser, type BareTab } from '../../support/browser/bare-browser.ts';
import { newTopic } from '../../support/page/channels.ts';
import { expect, test } from '../../support/e2e.ts';

/** More than the server keeps of a topic plus what a port holds. So a tab that was frozen cannot get everything. */
const COUNT = 20_000;
const BYTES = 200;
const PATIENCE_MS = 30_000;
/** Each page has two keepers: the app's, without channels, and that of these tests. */
const KEEPERS = 4;

const everything = (tab: BareTab, last: number): Promise<void> =>
  expect.poll(async () => (await receivedIn(tab)).last, { timeout: PATIENCE_MS }).toBe(last);

test('drops a frozen tab without harm to the other, and gives it the history and a gap when it resumes', async ({
  app,
  lab,
}) => {
  const topic = newTopic();
  const browser = await startBareBrowser();
  try {
    await connectIn(browser, app.origin, 'sign in');
    const other = await browser.open();
    await connectIn(other, app.origin, 'is there');
    for (const tab of [browser, other]) await countIn(tab, topic);
    await expect.poll(() => tabsOf(other)).toBe(KEEPERS);
    const { socketsOpened } = await lab.stats();

    await browser.setLife('frozen');
    await lab.publish({ topic, count: COUNT, everyMs: 0, bytes: BYTES });
    await everything(other, COUNT);
    await expect.poll(() => tabsOf(other)).toBe(KEEPERS - 1);
    expect(await receivedIn(other)).toMatchObject({ messages: COUNT, missing: 0, inOrder: true });

    await browser.setLife('active');
    await everything(browser, COUNT);
    const { messages, missing, inOrder, gaps, states } = await receivedIn(browser);
    expect(inOrder, 'each once, in order, and a gap for the missing ones').toBe(true);
    expect(messages + missing).toBe(COUNT);
    expect(missing, 'the server keeps 10,000').toBeGreaterThan(0);
    expect(states, 'each gap is followed by the state').toBe(gaps);
    await expect.poll(() => tabsOf(other)).toBe(KEEPERS);

    await lab.publish({ topic, count: 5, everyMs: 1 });
    for (const tab of [browser, other]) await everything(tab, 5);
    expect(await receivedIn(browser)).toMatchObject({ messages: messages + 5, missing, inOrder: true });
    expect((await lab.stats()).socketsOpened, 'on the one socket').toBe(socketsOpened);
  } finally {
    await browser.close();
  }
});
