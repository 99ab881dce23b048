import type { Keeper } from '../../page/types/types.ts';

/** The same in each copy of the elements on a page. */
const CONTEXT = Symbol.for('session-keeper');

/**
 * An element asks its ancestors for the keeper, as in the context protocol of web components
 * (https://github.com/webcomponents-cg/community-protocols/blob/main/proposals/context.md).
 */
export class KeeperRequest extends Event {
  readonly context = CONTEXT;
  readonly callback: (keeper: Keeper) => void;

  constructor(callback: (keeper: Keeper) => void) {
    super('context-request', { bubbles: true, composed: true });
    this.callback = callback;
  }
}

/** Whether the event is a request for a keeper, of this copy of the elements or of another. */
export const isKeeperRequest = (event: Event): event is KeeperRequest =>
  'context' in event && event.context === CONTEXT && 'callback' in event && typeof event.callback === 'function';
