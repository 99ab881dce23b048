import type { Keeper } from '../../page/types/types.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { OFFER, type Offer } from '../../protocol/http/offer.ts';
import { SharedValue } from './shared-value.ts';

const PATH = '/offer.json';
const NOTHING: Offer = {};

/** `undefined` until the server has answered. */
export const offer = new SharedValue<Offer | undefined>(undefined);

let asking: Promise<void> | undefined;

const ask = async (keeper: Keeper): Promise<void> => {
  try {
    const response = await keeper.fetch(PATH, { credentials: 'omit' });
    offer.value = (response.ok ? OFFER.read(parseJson(await response.text())) : undefined) ?? NOTHING;
  } catch {
    // asked again by the next part that needs it
    asking = undefined;
  }
};

/** Asks the server once. A browser that is offline has nothing to ask, and would only fill the console. */
export const loadOffer = (keeper: Keeper): Promise<void> => {
  if (!navigator.onLine) return Promise.resolve();
  return (asking ??= ask(keeper));
};
