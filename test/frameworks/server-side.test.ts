import { createElement as el, Suspense, type ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { createSSRApp, h, type Component } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import { createKeeperSource } from '../../src/frameworks/keeper-source.ts';
import * as react from '../../src/frameworks/react.ts';
import * as vue from '../../src/frameworks/vue.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { createFakeKeeper, signedIn, signedOut } from '../../src/testing/index.ts';

/* On a server there is no keeper, so each framework shows what it shows while the session starts. */

const GATE = { restoring: 'restoring', 'signed-out': 'out', fallback: 'no role', default: 'in' } as const;

describe('React', () => {
  const render = (child: ReactNode): string =>
    renderToString(el(react.KeeperProvider, { from: { worker: '/sw.js' } }, child));

  test('renders what it shows while the session starts, on a server', () => {
    expect(render(el(react.SessionGate, { restoring: 'restoring', signedOut: 'out' }, 'in'))).toBe('restoring');
    expect(render(el(react.SignedIn, null, 'in'))).toBe('');
    expect(render(el(react.SignedOut, null, 'out'))).toBe('');
  });

  test('suspends on a server where a component asks for it', () => {
    const Name = () => el('b', null, react.useSession({ suspend: true }).state);
    expect(render(el(Suspense, { fallback: 'wait' }, el(Name)))).toContain('wait');
  });

  test('says what is missing when there is no provider', () => {
    expect(() => renderToString(el(react.SignedIn, null, 'in'))).toThrow('Put a <KeeperProvider> around');
  });
});

describe('Vue', () => {
  const render = (child: Component, session?: SessionView): Promise<string> => {
    const source = createKeeperSource(session ? createFakeKeeper({ session }) : { worker: '/sw.js' });
    return renderVue(createSSRApp(child).use(vue.keeperPlugin(source)));
  };
  const slots = Object.fromEntries(Object.entries(GATE).map(([name, text]) => [name, () => text]));
  const gate = (role?: string): Component => ({
    render: () => h(vue.SessionGate, role === undefined ? {} : { role }, slots),
  });

  test('renders what it shows while the session starts, on a server', async () => {
    expect(await render(gate())).toContain('restoring');
  });

  test('renders the slot of each session', async () => {
    expect(await render(gate(), signedOut())).toContain('out');
    expect(await render(gate(), signedIn())).toContain('in');
    expect(await render(gate('admin'), signedIn())).toContain('no role');
    expect(await render(gate('admin'), signedIn({ sub: 'a', claims: { roles: 'admin' } }))).toContain('in');
  });
});

test('importing an entry of the package does nothing on a server', async () => {
  const before = new Set(Object.getOwnPropertyNames(globalThis));
  const imported = await Promise.all([
    import('../../src/page/index.ts'),
    import('../../src/frameworks/react.ts'),
    import('../../src/frameworks/svelte.ts'),
    import('../../src/frameworks/vue.ts'),
    import('../../src/testing/index.ts'),
    import('../../sw/index.ts'),
    import('../../src/ui/elements.ts'),
    import('../../server/kit/index.ts'),
    import('../../server/http/headers.ts'),
  ]);
  for (const entry of imported) expect(Object.keys(entry).length).toBeGreaterThan(0);
  const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
  // Lit counts its versions, and brings a `customElements` of its own (https://lit.dev/docs/ssr/overview/).
  expect(added.filter((name) => !/^(lit|reactiveElement|customElements$)/.test(name))).toEqual([]);
});
