import { SharedValue } from './shared-value.ts';

/** What the page's one polite live region says besides the status: the answer to what a person just did. */
export const announcement = new SharedValue('');

/** Long enough to be read aloud; what stays longer would be found by whoever reads the page later, and be old news. */
const ANNOUNCEMENT_MS = 10_000;
let clearTimer: ReturnType<typeof setTimeout> | undefined;

/** Has it read aloud when there is a pause. The same words again are read again only after a while. */
export const announce = (text: string): void => {
  announcement.value = text;
  clearTimeout(clearTimer);
  clearTimer = setTimeout(() => {
    announcement.value = '';
  }, ANNOUNCEMENT_MS);
};

/** Messages that nobody has looked at yet, over all channels. */
export const unread = new SharedValue(0);
