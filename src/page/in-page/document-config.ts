import { KEEPER_CONFIG, type KeeperConfig } from '../../protocol/config.ts';
import { parseJson } from '../../protocol/schema/json.ts';

/** The configuration in the document, for a page without a worker. `undefined`: there is none, or not a complete one. */
export const documentConfig = (): KeeperConfig | undefined => {
  const element = document.querySelector('script[type="application/json"]#session-keeper');
  return KEEPER_CONFIG.read(parseJson(element?.textContent ?? ''));
};
