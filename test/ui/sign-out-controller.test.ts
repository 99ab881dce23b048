import { describe, expect, it } from 'vitest';
import type { Keeper } from '../../src/page/types/types.ts';
import { failed, ok } from '../../src/protocol/problem.ts';
import { SignOutController } from '../../src/ui/account/sign-out-controller.ts';

const host = {
  addController: () => undefined,
  removeController: () => undefined,
  requestUpdate: () => undefined,
  updateComplete: Promise.resolve(true),
};

const signOutWith = (result: Awaited<ReturnType<Keeper['signOut']>>): SignOutController =>
  new SignOutController(host, () => ({ signOut: () => Promise.resolve(result) }) as unknown as Keeper);

describe('a sign-out by the user', () => {
  it('says when the browser is on its way to the provider', async () => {
    const controller = signOutWith(ok({ type: 'redirect', url: 'https://provider.example/end' }));
    expect(await controller.signOut()).toBe('provider');
  });

  it('says when nothing is left to do', async () => {
    expect(await signOutWith(ok(null)).signOut()).toBe('here');
  });

  it('keeps what went wrong', async () => {
    const controller = signOutWith(failed({ code: 'network-unreachable', at: '/token' }));
    expect(await controller.signOut()).toBe('failed');
    expect(controller.problem).toBe('The server cannot be reached.');
  });
});
