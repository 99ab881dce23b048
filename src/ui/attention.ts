import { SharedValue } from './shared-value.ts';

/** What the page's one polite live region says besides the status: the answer to what a person just did. */
export const said = new SharedValue('');

/** Messages that nobody has looked at yet, over all channels. */
export const unread = new SharedValue(0);
