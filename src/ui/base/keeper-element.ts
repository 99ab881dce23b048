import { LitElement, type CSSResultGroup } from 'lit';
import { property } from 'lit/decorators.js';
import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { KeeperRequest } from './keeper-request.ts';
import { SnapshotController } from './snapshot-controller.ts';
import { baseStyles, cardStyles, theme } from '../look/theme.ts';

/**
 * The base of every element that shows a keeper's snapshot.
 *
 * @example
 * provideKeeper(await connect(), document) // or, for one element: element.keeper = keeper
 */
export abstract class KeeperElement extends LitElement {
  static override styles: CSSResultGroup = [theme, baseStyles, cardStyles];

  /** What `connect()` resolves with. Until it is set, the element looks as it does while the session starts. */
  @property({ attribute: false }) keeper: Keeper | undefined;

  readonly #controller = new SnapshotController(this, (snapshot) => {
    this.onSnapshot(snapshot);
  });

  protected get snapshot(): Snapshot | undefined {
    return this.#controller.snapshot;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.keeper) return;
    this.dispatchEvent(
      new KeeperRequest((keeper) => {
        this.keeper ??= keeper;
      }),
    );
  }

  /** Runs for every snapshot before the render. For an element that keeps state of its own. */
  protected onSnapshot(_snapshot: Snapshot): void {}
}
