import { expect, test } from 'vitest';
import { redirectOrigins } from '../../../server/provider/redirect-origins.ts';

test.each([
  'https://app.example',
  'http://localhost:4173',
  'http://127.0.0.1:4173',
  'com.example.app:',
  'com.example.my-app:',
])('sends people back to %s', (origin) => expect(redirectOrigins([origin])).toEqual([origin]));

test.each([
  ['http://app.example', 'plain HTTP on a network'],
  ['tauri://localhost', 'the origin of a page, which no browser opens'],
  ['notes:', 'a scheme that any other app may have'],
  ['javascript:', 'a script'],
])('sends no one to %s: %s', (origin) => expect(redirectOrigins([origin])).toEqual([]));
