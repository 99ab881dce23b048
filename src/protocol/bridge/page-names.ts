import { stringIn } from '../schema/schema-types.ts';

/** Maximum length of a name or id from a page, in UTF-16 units. */
export const MAX_NAME = 256;
export const NAME = stringIn(1, MAX_NAME);
