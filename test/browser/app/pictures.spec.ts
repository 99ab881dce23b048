import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';
import { launchOptions } from '../../support/browser/browser.ts';
import { test, type Gallery } from '../gallery.ts';

/**
 * The main states as pictures: light, dark, narrow. `npm run snapshots` renews them; look at each one before you commit it.
 * Everything that differs between machines is fixed: font, time, time zone, and how glyphs are drawn.
 */
const { executablePath, args } = launchOptions();
test.use({
  launchOptions: {
    executablePath,
    args: [...args, '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb'],
  },
  bypassCSP: true,
  deviceScaleFactor: 1,
  locale: 'en-GB',
  timezoneId: 'UTC',
  viewport: { width: 780, height: 480 },
});

const FONT = fileURLToPath(import.meta.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'));
const FONT_URL = '/picture-font.woff2';
const WEIGHTS = [400, 500, 600];
const NOON = new Date('2027-03-04T12:00:00Z');
/** Trouble shows once it has lasted: `TROUBLE_DELAY_MS` in src/ui/base/status.ts, plus one tick of the clock. */
const SETTLED_MS = 4_500;
const NARROW = { width: 360, height: 640 };

/** Edges of glyphs differ between Chromium versions and do not count; the smallest dot has 45 pixels. */
const SAME = { threshold: 0.3, maxDiffPixels: 30 } as const;

const openAsPicture = async (page: Page, gallery: Gallery, scene: string): Promise<void> => {
  await page.clock.install({ time: NOON });
  await page.clock.pauseAt(new Date(NOON.getTime() + 1_000));
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.route(`**${FONT_URL}`, (route) => route.fulfill({ path: FONT, contentType: 'font/woff2' }));
  await gallery.open(scene);
  await page.addStyleTag({
    content: `@font-face { font-family: Picture; src: url(${FONT_URL}); font-weight: 100 900; }
      :root { --keeper-font: Picture; --keeper-mono: Picture; } body { font-family: Picture; }`,
  });
  await page.evaluate(
    (weights) => Promise.all(weights.map((weight) => document.fonts.load(`${weight} 16px Picture`))),
    WEIGHTS,
  );
  await page.clock.runFor(SETTLED_MS);
};

/** Each state with its scene in the gallery and its status. */
const STATES: Readonly<Record<string, readonly [scene: string, word: string]>> = {
  'signed-out': ['never', 'Signed out'],
  restoring: ['starting', 'Starting'],
  active: ['active', 'Connected'],
  degraded: ['degraded', 'Reconnecting'],
  offline: ['offline', 'Offline'],
  reconnecting: ['reconnecting', 'Reconnecting'],
  'update-ready': ['update', 'Connected'],
  'ended-by-server': ['rejected', 'Signed out'],
};

for (const [state, [scene, word]] of Object.entries(STATES)) {
  test(`matches the stored pictures in the state ${state}`, async ({ page, gallery }) => {
    await openAsPicture(page, gallery, scene);
    await expect(page.getByRole('button', { name: `Session: ${word}` })).toBeVisible();
    await expect(page).toHaveScreenshot(`${state}-light.png`, SAME);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect(page).toHaveScreenshot(`${state}-dark.png`, SAME);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(NARROW);
    await expect(page).toHaveScreenshot(`${state}-narrow.png`, SAME);
  });
}

test('accepts different edges, and detects a block that is 4 pixels off or a dot of another colour', async ({
  page,
  gallery,
}) => {
  await openAsPicture(page, gallery, 'active');
  const changed = async (css: string, check: () => Promise<void>): Promise<void> => {
    const style = await page.addStyleTag({ content: css });
    await check();
    await style.evaluate((element) => element instanceof Element && element.remove());
  };
  const isSame = () => expect(page).toHaveScreenshot('active-light.png', SAME);
  const isOther = () => expect(page).not.toHaveScreenshot('active-light.png', SAME);
  // a quarter of a pixel changes every edge
  await changed('session-gate { translate: .25px }', isSame);
  await changed('session-pulse { translate: 4px }', isOther);
  await changed('session-status { translate: 4px }', isOther);
  await changed(':root { --keeper-good: light-dark(oklch(67% .15 68), red) }', isOther);
  await changed(':root { --keeper-accent: light-dark(oklch(47% .16 25), red) }', isOther);
  await isSame();
});
