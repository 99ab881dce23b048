import type { Schema } from '../schema/schema.ts';

/**
 * Names one of several sessions of an origin. '' is the first one, which every deployment has. A name is part of the names
 * of databases and locks, so it has only letters, digits and `_ . @ -`.
 */
export const SESSION_NAME: Schema<string> = {
  type: 'session name',
  read: (value) => (typeof value === 'string' && /^[\w.@-]{0,64}$/.test(value) ? value : undefined),
};
