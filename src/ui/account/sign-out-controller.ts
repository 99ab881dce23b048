import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Keeper, SignOutOptions } from '../../page/types/types.ts';
import type { Problem } from '../../protocol/problem.ts';
import { problemText } from '../text/problem-text.ts';

/** `provider`: signed out here, and the browser is on its way to the provider, which sends it back to the app. */
export type SignedOut = 'failed' | 'here' | 'provider';

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

  async signOut(options?: SignOutOptions): Promise<SignedOut> {
    const keeper = this.#keeper();
    if (!keeper || this.isBusy) return 'failed';
    this.#set({ state: 'busy' });
    const result = await keeper.signOut(options);
    this.#set(result.ok ? { state: 'idle' } : { state: 'failed', problem: result.problem });
    if (!result.ok) return 'failed';
    return result.value?.type === 'redirect' ? 'provider' : 'here';
  }

  #set(leaving: Leaving): void {
    this.#leaving = leaving;
    this.#host.requestUpdate();
  }
}
