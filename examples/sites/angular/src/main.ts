import { provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter } from '@angular/router';
import { createKeeperSource, provideKeeperSource, requireSession } from 'session-keeper/angular';
import { App } from './app/app';
import { Home } from './app/home';
import { SignIn } from './app/sign-in';

const source = createKeeperSource({ worker: '/sw.js' });

await bootstrapApplication(App, {
  providers: [
    provideZonelessChangeDetection(),
    provideKeeperSource(source),
    provideRouter([
      { path: '', component: Home, canActivate: [requireSession({ signIn: '/sign-in' })] },
      { path: 'sign-in', component: SignIn },
    ]),
  ],
});
