import { Component, inject } from '@angular/core';
import { Router } from '@angular/router';
import { injectKeeper } from 'session-keeper/angular';

@Component({
  template: `
    <form (submit)="signIn($event, username.value, password.value)">
      <p>Signed out</p>
      <input #username value="ann" aria-label="User" />
      <input #password type="password" value="pw" aria-label="Password" />
      <button>Sign in</button>
    </form>
  `,
})
export class SignIn {
  readonly #keeper = injectKeeper();
  readonly #router = inject(Router);

  async signIn(event: Event, username: string, password: string): Promise<void> {
    event.preventDefault();
    const result = await this.#keeper.signIn({ kind: 'password', username, password });
    if (result.ok) await this.#router.navigateByUrl('/');
  }
}
