import type { Status } from '../../base/status.ts';

const status: Record<Status, string> = {
  starting: 'Starting',
  connected: 'Connected',
  limited: 'Limited',
  reconnecting: 'Reconnecting',
  'sign-in-required': 'Sign in again',
  offline: 'Offline',
  'signed-out': 'Signed out',
};

/** The strings of the first paint: the header, the links, and the session while it is restored. */
export const frameEn = {
  unknown: 'Unknown',
  status,

  restoring: 'Restoring your session…',
  sessionIs: (status: string) => `Session: ${status}`,
  signInAgain: 'Sign in again',
  install: 'Install app',

  pages: 'Pages',
  home: 'Home',
  messages: 'Messages',
  timeline: 'Timeline',
  lab: 'Resilience',
  tryIt: 'Try it',
  settings: 'Settings',
  missing: 'Not found',
  unread: (count: number) => `${count} unread`,
};

/** Every language has all of these, or it does not compile. */
export type FrameStrings = typeof frameEn;
