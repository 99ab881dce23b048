import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Keeper, SignOutOptions } from '../../page/types/types.ts';
import type { Problem } from '../../protocol/problem.ts';
import { problemText } from '../text/problem-text.ts';

type Leaving = { state: 'idle' } | { state: 'busy' } | { state: 'failed'; problem: Problem };

/** Signs out once, however often the button is pressed, and keeps what went wrong. */
export class SignOutController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #keeper: () => Keeper | undefined;
  #leaving: Leaving = { state: 'idle' };

  constructor(host: ReactiveControllerHost, keeper: () => Keeper | undefined) {
    this.#host = host;
    this.#keeper = keeper;
    host.addController(this);
  }

  hostConnected(): void {
    this.#set({ state: 'idle' });
  }

  get isBusy(): boolean {
    return this.#leaving.state === 'busy';
  }

  /** Empty unless the last attempt failed. */
  get problem(): string {
    return this.#leaving.state === 'failed' ? problemText(this.#leaving.problem) : '';
  }

  /** Resolves with whether the user is signed out. */
  async signOut(options?: SignOutOptions): Promise<boolean> {
    const keeper = this.#keeper();
    if (!keeper || this.isBusy) return false;
    this.#set({ state: 'busy' });
    const result = await keeper.signOut(options);
    this.#set(result.ok ? { state: 'idle' } : { state: 'failed', problem: result.problem });
    return result.ok;
  }

  #set(leaving: Leaving): void {
    this.#leaving = leaving;
    this.#host.requestUpdate();
  }
}
