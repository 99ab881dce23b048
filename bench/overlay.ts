import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { startApp } from '../test/support/server/app.ts';
import { launchOptions } from '../test/support/browser/browser.ts';
import { signInByHand } from '../test/support/page/sign-in.ts';

/*
 * Installs the app and opens its window with the window controls overlay
 * (https://developer.mozilla.org/docs/Web/API/Window_Controls_Overlay_API), which no headless browser has. Checks that
 * nothing lies under the window's controls, and that the bar drags the window.
 *
 * Needs an X display with a window manager (`Xvfb`, `openbox`), ImageMagick, and `xdotool`: Chromium switches to the
 * overlay only by real key presses.
 */

const PICTURES = join('.cache', 'overlay');
/** Of the window, in px. Chromium makes no window narrower than the last one. */
const WIDTHS = [1200, 800, 508] as const;
const HEIGHT = 700;
/** Largest part of the width that the window's frame takes. */
const FRAME_PX = 40;
const DRAG_PX = 60;

const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();

/** An app that the DevTools protocol installs opens in a tab, unless its display mode is set. */
const openWindow = async (context: BrowserContext, page: Page, origin: string): Promise<Page> => {
  const cdp = await context.newCDPSession(page);
  const manifestId = `${origin}/`;
  await cdp.send('PWA.install', { manifestId });
  await cdp.send('PWA.changeAppUserSettings', { manifestId, displayMode: 'standalone' });
  // `PWA.launch` would only focus an app that is open.
  await page.goto('about:blank');
  const [opened] = await Promise.all([context.waitForEvent('page'), cdp.send('PWA.launch', { manifestId })]);
  await opened.getByRole('button', { name: 'Session: Connected' }).waitFor();
  return opened;
};

/** Focuses the menu button, goes one button back to the one that hides the title bar, and presses it. */
const leaveBar = async (page: Page, id: string): Promise<void> => {
  run('xdotool', 'windowactivate', id);
  run('xdotool', 'key', '--delay', '400', 'alt+shift+t', 'shift+Tab', 'Return');
  await page.waitForFunction(() => matchMedia('(display-mode: window-controls-overlay)').matches);
};

/** How far (px) an element of the bar reaches under the controls or out of the window. */
const beyond = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const probe = document.createElement('div');
    probe.style.cssText =
      'position: fixed; inset: env(titlebar-area-y) auto auto env(titlebar-area-x); inline-size: env(titlebar-area-width); block-size: env(titlebar-area-height)';
    document.body.append(probe);
    const area = probe.getBoundingClientRect();
    probe.remove();
    const places = [...document.querySelectorAll('header > .brand, header > session-nav, header > session-status')]
      .map((element) => element.getBoundingClientRect())
      .filter(({ top, bottom }) => top < area.bottom && bottom > area.top);
    return Math.max(...places.map(({ left, right }) => Math.max(area.left - left, right - area.right)));
  });

/** Drags the bar by an empty place. Returns how far the window moved (px). */
const drag = async (page: Page): Promise<number> => {
  const before = await page.evaluate(() => {
    const [nav, status] = ['session-nav', 'session-status'].map((name) =>
      document.querySelector(`header > ${name}`)?.getBoundingClientRect(),
    );
    return { x: screenX, y: screenY, free: ((nav?.right ?? 0) + (status?.left ?? 0)) / 2 };
  });
  const at = (moved: number): readonly string[] => [
    'mousemove',
    String(Math.round(before.x + before.free + moved)),
    String(before.y + DRAG_PX / 4 + moved),
  ];
  run('xdotool', ...at(0), 'mousedown', '1', 'sleep', '0.3', ...at(DRAG_PX / 2), 'sleep', '0.3', ...at(DRAG_PX));
  run('xdotool', 'sleep', '0.3', 'mouseup', '1', 'sleep', '0.5');
  return (await page.evaluate(() => screenX)) - before.x;
};

const look = async (page: Page, id: string): Promise<boolean> => {
  let isGood = true;
  for (const width of WIDTHS) {
    run('xdotool', 'windowsize', id, String(width), String(HEIGHT));
    await page.waitForFunction(([most, frame]) => innerWidth <= most && innerWidth > most - frame, [
      width,
      FRAME_PX,
    ] as const);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const under = await beyond(page);
      isGood &&= under <= 0;
      run('import', '-window', id, join(PICTURES, `${width}-${colorScheme}.png`));
      console.log(`${width} px, ${colorScheme}: ${under <= 0 ? 'nothing' : `${under} px`} under the controls`);
    }
    if (width !== WIDTHS[0]) continue;
    const moved = await drag(page);
    isGood &&= moved > 0;
    console.log(`the bar drags the window: ${moved} px`);
  }
  return isGood;
};

if (!process.env['DISPLAY'])
  throw new Error('DISPLAY is not set. Start Xvfb and a window manager, and set DISPLAY to its number, such as :99.');
const app = await startApp();
const profile = await mkdtemp(join(tmpdir(), 'keeper-profile-'));
await mkdir(PICTURES, { recursive: true });
const { executablePath, args } = launchOptions();
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: [...args, '--window-position=20,20', `--window-size=${WIDTHS[0]},${HEIGHT}`],
  headless: false,
  viewport: null,
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  await signInByHand(page, app.origin, 'password');
  const opened = await openWindow(context, page, app.origin);
  const id = run('xdotool', 'search', '--onlyvisible', '--name', '^Session Keeper$').split('\n').at(-1) ?? '';
  await leaveBar(opened, id);
  if (!(await look(opened, id))) process.exitCode = 1;
} finally {
  await context.close();
  await app.stop();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
