import type { Page } from '@playwright/test';

/** CSS pixels (WCAG 2.2, 2.5.5). */
const LEAST = 44;

/**
 * What a finger has to hit on this page and is smaller than 44 by 44 pixels. A link in a sentence is as high as its line,
 * and a label counts with its field.
 */
export const smallTargets = (page: Page): Promise<readonly string[]> =>
  page.evaluate((least) => {
    const selector = 'a[href], button, input, select, textarea, summary';
    const within = (root: ParentNode): Element[] =>
      [...root.querySelectorAll('*')].flatMap((element) => [
        ...(element.matches(selector) ? [element] : []),
        ...(element.shadowRoot ? within(element.shadowRoot) : []),
      ]);
    const isInSentence = (element: Element): boolean =>
      getComputedStyle(element).display === 'inline' && element.closest('p, li') !== null;
    return within(document)
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !isInSentence(element))
      .map((element) => element.closest('label') ?? element)
      .flatMap((element) => {
        const { width, height } = element.getBoundingClientRect();
        // half a pixel is rounding
        const isLarge = Math.min(width, height) > least - 0.5;
        const name = element.getAttribute('aria-label') ?? element.textContent.trim();
        return isLarge || width === 0
          ? []
          : [`${element.localName} "${name}" ${Math.round(width)}×${Math.round(height)}`];
      });
  }, LEAST);
