export { createFakeKeeper, type FakeCall, type FakeKeeper, type FakeKeeperOptions } from './fake-keeper.ts';
export { offline, signedIn, signedOut } from './sessions.ts';
