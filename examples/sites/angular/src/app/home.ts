import { Component, computed, signal } from '@angular/core';
import { injectKeeper, injectSession } from 'session-keeper/angular';

@Component({
  template: `
    <p>Hello {{ name() }}</p>
    <button (click)="ask()">Ask</button>
    <output>{{ answer() }}</output>
    <button (click)="keeper.signOut()">Sign out</button>
  `,
})
export class Home {
  readonly keeper = injectKeeper();
  readonly answer = signal('');
  readonly #session = injectSession();
  readonly name = computed(() => {
    const session = this.#session();
    return 'user' in session ? session.user?.name : undefined;
  });

  async ask(): Promise<void> {
    const response = await fetch('/api/me');
    this.answer.set(`whoami ${response.status}`);
  }
}
