import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expectAccessible } from '../../support/browser/accessible.ts';
import { expect } from '../../support/browser/expect.ts';
import { timelineFile } from '../../../src/ui/timeline/file.ts';
import { longJournal } from '../../ui/long-journal.ts';
import { test, type Gallery } from '../gallery.ts';

const MANY = 10_000;
/** Of the 16.7 ms of a frame at 60 Hz, the rest is for the browser and for a busy machine. */
const PAINT_WITHIN_MS = 12;

const chart = (page: Page) => page.getByRole('application', { name: 'Timeline of the session' });
const evidence = (page: Page) => page.locator('session-lanes .evidence');
const rows = (page: Page) => page.getByRole('table', { name: 'Timeline' }).getByRole('row');

/** The middle of a lane's bar, from the top of the page. The names are beside the lanes on a screen of this width. */
const laneY = async (page: Page, name: string): Promise<number> => {
  const box = await page.locator('session-lanes .name').filter({ hasText: name }).boundingBox();
  if (!box) throw new Error(`${name} is not on screen.`);
  return box.y + box.height / 2;
};

const openMany = async (page: Page, gallery: Gallery): Promise<void> => {
  await gallery.open('active', '#timeline', 'en', MANY);
  await expect(page.locator('session-lanes .name')).toHaveCount(6);
};

test('every kind of event has a lane, and the arrow keys show and announce each event', async ({ page, gallery }) => {
  await openMany(page, gallery);
  await expect(page.locator('session-lanes .name')).toHaveText([
    'Tabs',
    'Worker',
    'Session',
    'Socket /api/socket',
    'Network',
    'Requests',
  ]);
  await chart(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(evidence(page)).toContainText('Worker: w-99 was running');
  await expect(evidence(page).locator('code'), 'the first entry of a worker is no evidence of it').toHaveCount(0);
  await page.keyboard.press('ArrowDown');
  await expect(evidence(page)).toContainText('Session: The server confirmed the session.');
  for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowLeft');
  await expect(evidence(page)).toContainText('code=server-unavailable at=/token status=503');
  await expect(page.locator('session-status').getByRole('status')).toContainText('Renewal failed.');
  await test.step('ten thousand events share columns, and zooming in takes them apart', async () => {
    await expect(evidence(page)).toContainText(/\d+ more events are in this place\. Zoom in to see each\./);
    for (let step = 0; step < 16; step += 1) await page.keyboard.press('+');
    await expect(evidence(page)).toContainText('Renewal failed.');
    await expect(evidence(page)).not.toContainText('more events');
  });
  expect(gallery.consoleMessages).toEqual([]);
});

test(
  'zooms, pans and selects within a frame with ten thousand events',
  { tag: '@timed' },
  async ({ page, gallery }) => {
    await openMany(page, gallery);
    const times = await page.evaluate(async () => {
      const lanes = document.querySelector('session-timeline')?.shadowRoot?.querySelector('session-lanes');
      const surface = lanes?.shadowRoot?.querySelector<HTMLElement>('.surface');
      if (!lanes || !surface || !('lastPaintMs' in lanes)) throw new Error('There are no lanes.');
      const { left, top, width } = surface.getBoundingClientRect();
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const painted: number[] = [];
      for (let step = 0; step < 120; step += 1) {
        const x = left + (width * (step % 60)) / 60;
        const place = { clientX: x, clientY: top + 120, bubbles: true, cancelable: true };
        surface.dispatchEvent(new WheelEvent('wheel', { ...place, ctrlKey: true, deltaY: step < 60 ? -20 : 20 }));
        surface.dispatchEvent(new PointerEvent('pointermove', place));
        await frame();
        await frame();
        painted.push(Number(lanes.lastPaintMs));
      }
      return painted.toSorted((a, b) => a - b);
    });
    const median = times[60] ?? Infinity;
    test.info().annotations.push({ type: 'paint', description: `median ${median} ms, slowest ${times.at(-1)} ms` });
    expect(median).toBeLessThan(PAINT_WITHIN_MS);
  },
);

test('a mouse points, zooms, and pans with Shift', async ({ page, gallery }) => {
  await openMany(page, gallery);
  const box = await chart(page).boundingBox();
  if (!box) throw new Error('The chart is not on screen.');
  const shot = () => page.locator('session-lanes canvas').screenshot();
  await page.mouse.move(box.x + box.width / 2, await laneY(page, 'Session'));
  await expect(evidence(page)).toContainText(/^Session: /);
  const whole = await shot();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await expect.poll(async () => whole.equals(await shot())).toBe(false);
  const near = await shot();
  await page.mouse.move(box.x + 300, box.y + 60);
  await page.keyboard.down('Shift');
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await page.mouse.move(0, 0);
  await expect.poll(async () => near.equals(await shot())).toBe(false);
});

test('a range is selected by mouse or keys, narrows the table and what is copied, and is cleared', async ({
  page,
  gallery,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openMany(page, gallery);
  const box = await chart(page).boundingBox();
  if (!box) throw new Error('The chart is not on screen.');
  const y = await laneY(page, 'Session');
  await page.mouse.move(box.x + box.width / 2, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 40, y, { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(0, 0);
  await expect(evidence(page)).toContainText(/events, \d+ with trouble\./);
  const status = page.locator('session-timeline').getByRole('status');
  await expect(status).toHaveText(/^\d{3} of 10,000 events$/);

  await test.step('the table and the copy have only the range', async () => {
    await page.getByRole('radio', { name: 'Table' }).check();
    const found = Number((await status.textContent())?.split(' ')[0]);
    await expect(page.getByRole('table', { name: 'Timeline' })).toHaveAttribute('aria-rowcount', String(found + 1));
    await page.getByRole('button', { name: 'File', exact: true }).press('Enter');
    await page.getByRole('button', { name: 'Copy as text' }).press('Enter');
    await expect(page.locator('session-status').getByRole('status')).toContainText(`Copied ${found} events.`);
    const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
    expect(lines).toHaveLength(found);
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t\w+\t.+\.\t\w+/);
    await page.getByRole('button', { name: 'Copy as JSON' }).press('Enter');
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toContain('"session-keeper-timeline"');
    expect(JSON.parse(await copied())).toHaveProperty('entries.length', found);
  });

  await test.step('a search narrows both', async () => {
    await page.getByRole('searchbox', { name: 'Search events' }).fill('renewal failed');
    await expect(rows(page).nth(1)).toContainText('Session');
    await expect(rows(page).nth(1)).toContainText('Renewal failed.');
    await page.getByRole('searchbox').fill('');
    await page.getByRole('checkbox', { name: 'Network' }).press('Space');
    await page.getByRole('radio', { name: 'Lanes' }).check();
    await expect(page.locator('session-lanes .name')).toHaveCount(5);
  });

  await test.step('keys clear the range and select another', async () => {
    await chart(page).press('Escape');
    await expect(evidence(page)).toContainText('Hover or use the arrow keys');
    await page.getByRole('checkbox', { name: 'Network' }).press('Space');
    await expect(status).toHaveText('');
    for (const key of ['ArrowDown', 'ArrowDown', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter'])
      await chart(page).press(key);
    await expect(status).toHaveText(/^\d+ of 10,000 events$/);
  });
  await expectAccessible(page);
  expect(gallery.consoleMessages).toEqual([]);
});

test('a wheel with Ctrl, two fingers and the keys zoom at the pointer; a plain wheel does not', async ({
  page,
  gallery,
}) => {
  await gallery.open('active', '#timeline');
  const about = { build: 'b', tier: 'bound', durability: 'disk' } as const;
  await page
    .locator('session-timeline input[type=file]')
    .first()
    .setInputFiles({
      name: 'still.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(timelineFile(longJournal(60, 1_700_000_000_000), about, 0))),
    });
  await expect(page.locator('session-lanes .name')).toHaveCount(6);
  /** Without a selection, which would be part of the picture. */
  const drawn = async (): Promise<string> => {
    await page.mouse.move(0, 0);
    await expect(evidence(page)).toContainText('Hover or use the arrow keys');
    return page.locator('session-lanes canvas').evaluate((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement)) throw new TypeError('canvas');
      return canvas.toDataURL();
    });
  };
  const box = await chart(page).boundingBox();
  if (!box) throw new Error('The chart is not on screen.');
  const [x, y] = [box.x + box.width / 3, await laneY(page, 'Session')];
  await page.mouse.move(x, y);
  const selected = await evidence(page).textContent();
  expect(selected).toMatch(/^Session: /);
  const isSelected = async (): Promise<void> => {
    await page.mouse.move(x, y + 1);
    await page.mouse.move(x, y);
    await expect(evidence(page)).toHaveText(selected ?? '');
  };
  const whole = await drawn();
  const zoomed = () => expect.poll(async () => (await drawn()) === whole).toBe(false);
  const restored = async (): Promise<void> => {
    await chart(page).press('0');
    await expect.poll(async () => (await drawn()) === whole).toBe(true);
  };

  await page.mouse.wheel(0, -240);
  await isSelected();
  await restored();

  await page.mouse.move(x, y);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -240);
  await page.keyboard.up('Control');
  await zoomed();
  await isSelected();
  const near = await drawn();
  await page.mouse.move(x, y);
  await page.mouse.wheel(120, 0);
  await expect.poll(async () => (await drawn()) === near).toBe(false);
  await restored();

  await chart(page).press('+');
  await zoomed();
  await restored();

  const touch = await page.context().newCDPSession(page);
  const fingers = (type: 'touchStart' | 'touchMove', apart: number) =>
    touch.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: [
        { x: x - apart, y, id: 1 },
        { x: x + apart, y, id: 2 },
      ],
    });
  await fingers('touchStart', 30);
  for (const apart of [45, 60, 90]) await fingers('touchMove', apart);
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await zoomed();
  await isSelected();
  await restored();
});

test('the table has the same events, with few rows in the document', async ({ page, gallery }) => {
  await openMany(page, gallery);
  await page.getByRole('radio', { name: 'Table' }).check();
  const table = page.getByRole('table', { name: 'Timeline' });
  // six of twenty entries are internal: a refresh that starts, and five of the six states
  await expect(table).toHaveAttribute('aria-rowcount', String((MANY * 14) / 20 + 1));
  await expect(rows(page).nth(1)).toContainText('This device is offline.');
  expect(await rows(page).count()).toBeLessThan(60);
  await page.getByRole('region', { name: '7,000 events' }).press('End');
  await expect(rows(page).last()).toContainText('The worker started.');
  await page.getByRole('checkbox', { name: 'Show internal steps' }).check();
  await expect(table).toHaveAttribute('aria-rowcount', String(MANY + 1));
  await expectAccessible(page);
});

test('saves the timeline as a file, opens another one, and returns to the live timeline', async ({ page, gallery }) => {
  await gallery.open('active', '#timeline');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'File', exact: true }).click();
  await page.getByRole('button', { name: 'Save as file' }).click();
  const saved = await (await download).path();
  const text = await readFile(saved, 'utf8');
  expect(JSON.parse(text)).toMatchObject({ format: 'session-keeper-timeline', version: 1, tier: 'sealed' });
  expect(text).not.toContain('Demo');

  const about = { build: 'b', tier: 'bound', durability: 'disk' } as const;
  const sent = JSON.stringify(timelineFile(longJournal(60, 1_700_000_000_000), about, 0));
  const open = (name: string, content: string, label = 'Open a file') =>
    page.locator(`session-timeline input[type=file][aria-label="${label}"]`).setInputFiles({
      name,
      mimeType: 'application/json',
      buffer: Buffer.from(content),
    });
  await open('from-a-friend.json', sent);
  await expect(page.locator('session-timeline .file')).toContainText(
    'from-a-friend.json: 60 events from another time or device.',
  );
  await page.getByRole('radio', { name: 'Table' }).check();
  await expect(rows(page).nth(1)).toContainText('This device is offline.');
  await page.getByRole('button', { name: 'Back to this device' }).click();
  await expect(rows(page).nth(1)).toContainText('The session was renewed.');
  await test.step('compares another file with this device', async () => {
    await open('from-a-friend.json', sent, 'Compare with a file');
    const compared = page.getByRole('table', { name: 'Compared with from-a-friend.json' });
    await expect(compared.getByRole('row', { name: /^Network losses/ })).toContainText('3');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Stop comparing' }).click();
    await expect(compared).toHaveCount(0);
  });
  await open('holiday.json', '{"pictures":[]}');
  await expect(page.getByRole('alert').filter({ hasText: /./ })).toHaveText(
    'This file is not a Session Keeper timeline.',
  );
  expect(gallery.consoleMessages).toEqual([]);
});
