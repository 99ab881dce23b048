import { LitElement, type CSSResultGroup } from 'lit';
import { property } from 'lit/decorators.js';
import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { SnapshotController } from './snapshot-controller.ts';
import { baseStyles, cardStyles, theme } from './theme.ts';

/** An element that shows a keeper's snapshot. Give it one: `element.keeper = await connect()`. */
export abstract class KeeperElement extends LitElement {
  static override styles: CSSResultGroup = [theme, baseStyles, cardStyles];

  /** What `connect()` resolves with. Until it is set, an element shows what it would show while starting. */
  @property({ attribute: false }) keeper: Keeper | undefined;

  readonly #controller = new SnapshotController(this, (snapshot) => {
    this.onSnapshot(snapshot);
  });

  protected get snapshot(): Snapshot | undefined {
    return this.#controller.snapshot;
  }

  /** For an element that keeps more than the last snapshot: called for each, before it is rendered. */
  protected onSnapshot(_snapshot: Snapshot): void {}
}
