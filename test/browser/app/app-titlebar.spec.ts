import { expect, type Page } from '@playwright/test';
import { test } from '../gallery.ts';

type Area = { x: number; width: number; height: number };

/** The title bar's area beside the window's controls, by the width of the window. */
const AREAS: Readonly<Record<string, (windowWidth: number) => Area>> = {
  'controls at the right': (width) => ({ x: 0, width: width - 138, height: 33 }),
  // Chromium shows the address there for a while after the start
  'controls at the right, and the address beside them': (width) => ({ x: 0, width: width - 294, height: 28 }),
  'controls at the left': (width) => ({ x: 80, width: width - 80, height: 38 }),
};

/**
 * Applies the page's rules for this display mode, with fixed lengths instead of the variables. Only an installed window
 * has both, and Playwright cannot emulate one. `npm run see:overlay` opens a real one.
 */
const overlay = (page: Page, area: Area): Promise<number> =>
  page.evaluate(({ x, width, height }) => {
    const mode = '(display-mode: window-controls-overlay)';
    const lengths: Readonly<Record<string, number>> = { x, y: 0, width, height };
    const rules = [...document.styleSheets]
      .flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule instanceof CSSMediaRule)
      .filter(({ conditionText }) => conditionText.includes(mode))
      .filter(({ conditionText }) => matchMedia(conditionText.replaceAll(mode, '(width > 0px)')).matches)
      .flatMap((rule) => [...rule.cssRules]);
    const sheet = new CSSStyleSheet();
    for (const rule of rules) {
      const text = rule.cssText.replace(/env\(titlebar-area-(\w+)[^)]*\)/g, (_, name: string) => `${lengths[name]}px`);
      sheet.insertRule(text, sheet.cssRules.length);
    }
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return rules.length;
  }, area);

for (const [side, areaOf] of Object.entries(AREAS)) {
  test(`the title bar avoids the window's ${side}, stays at the top, and drags the window`, async ({
    page,
    gallery,
  }) => {
    for (const width of [1280, 800, 360]) {
      await page.setViewportSize({ width, height: 700 });
      await gallery.open('degraded');
      const area = areaOf(width);
      expect(await overlay(page, area)).toBeGreaterThan(1);
      const parts = page.locator('header > .brand, header session-nav a, header .pill, header session-menu .open');
      const places = await parts.evaluateAll((elements) =>
        elements.map((element) => {
          const { left, right, top, bottom } = element.getBoundingClientRect();
          return { left, right, top, bottom };
        }),
      );
      expect(places).toHaveLength(8);
      for (const { left, right, top, bottom } of places) {
        if (top >= area.height || bottom <= 0) continue;
        expect(left, `${width} px`).toBeGreaterThanOrEqual(area.x);
        expect(right, `${width} px`).toBeLessThanOrEqual(area.x + area.width);
      }
      await page.evaluate(() => scrollTo(0, 300));
      const header = page.locator('header');
      await expect.poll(() => header.evaluate((element) => element.getBoundingClientRect().top)).toBe(0);
      const regions = await page
        .locator('header, header > *')
        .evaluateAll((elements) => elements.map((element) => getComputedStyle(element).getPropertyValue('app-region')));
      expect(regions).toEqual(['drag', 'no-drag', 'no-drag', 'no-drag', 'no-drag']);
    }
  });
}
