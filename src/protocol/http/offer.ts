import { object, string, type Infer } from '../schema/schema.ts';
import { boolean, optional } from '../schema/schema-types.ts';

/**
 * What a deployment offers a visitor beyond signing in, as `GET /offer.json` answers. `demo`: an account to try. `lab`:
 * whether the fault routes answer. `sessions`: path of the list of the user's sessions; `<path>/<id>` takes `DELETE`.
 */
export const OFFER = object({
  demo: optional(object({ username: string, password: string })),
  lab: optional(boolean),
  sessions: optional(string),
});
export type Offer = Infer<typeof OFFER>;
