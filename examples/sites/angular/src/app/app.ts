import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { injectAccess } from 'session-keeper/angular';

@Component({
  selector: 'app-root',
  imports: [RouterOutlet],
  template: `
    @if (access() === 'wait') {
      <p>Starting</p>
    }
    <router-outlet />
  `,
})
export class App {
  readonly access = injectAccess();
}
