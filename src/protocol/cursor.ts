import { object, string, type Infer } from './schema/schema.ts';
import { count } from './schema/schema-types.ts';

/** A place in a topic's history: everything up to and including `offset` of `epoch` has been seen. */
export const CURSOR = object({ epoch: string, offset: count });
export type Cursor = Infer<typeof CURSOR>;

/** Of the JSON that a browser profile says of itself to the others at a topic, in UTF-16 units. */
export const MAX_STATE_LENGTH = 1_024;
