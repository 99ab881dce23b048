import type { JSX } from 'react';
import type { SvelteHTMLElements } from 'svelte/elements';
import type { GlobalComponents } from 'vue';
import { expectTypeOf, test } from 'vitest';
import type { Keeper } from '../../src/page/types/types.ts';
import '../../src/frameworks/react.ts';
import '../../src/frameworks/svelte.ts';
import '../../src/frameworks/vue.ts';

/* The compiler judges these, so that templates know the elements of session-keeper/elements. */

type Given = Keeper | undefined;
type Names = 'session-gate' | 'session-sign-in' | 'session-status';

test('knows the elements in JSX, with their attributes and the keeper', () => {
  expectTypeOf<JSX.IntrinsicElements[Names]>().toHaveProperty('keeper').toEqualTypeOf<Given>();
  expectTypeOf<JSX.IntrinsicElements['session-gate']>().toHaveProperty('className');
  // @ts-expect-error No element has this name.
  expectTypeOf<JSX.IntrinsicElements['session-other']>().toBeObject();
});

test('knows the elements in Svelte components', () => {
  expectTypeOf<SvelteHTMLElements[Names]>().toHaveProperty('keeper').toEqualTypeOf<Given>();
});

test('knows the elements in Vue templates', () => {
  expectTypeOf<InstanceType<GlobalComponents[Names]>['$props']['keeper']>().toEqualTypeOf<Given>();
});
