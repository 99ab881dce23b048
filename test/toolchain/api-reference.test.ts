import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readReference, renderReference, withoutExample, type Reference } from '../../scripts/docs/api-reference.ts';
import { createFixture, type Fixture } from '../support/fixture.ts';

let fixture: Fixture;
let reference: Reference;
beforeAll(async () => {
  fixture = await createFixture({
    'package.json': '{ "name": "sample", "exports": { ".": "./src/index.ts", "./package.json": "./package.json" } }',
    'src/index.ts': `
      export { open } from './open.ts';
      export * from './more.ts';
      export type { Keeper } from './protocol/types.ts';`,
    'src/open.ts': `
      import type { Keeper, Options } from './protocol/types.ts';
      /**
       * Opens it.
       *
       * @throws TypeError without a name
       * @example
       * await open({ name: 'a' })
       */
      export const open = async ({ name }: Options = {}, ...rest: string[]): Promise<Keeper> => { secret(); };
      const secret = 1;`,
    'src/more.ts': `
      /** Counts. */
      export function count<T>(all: readonly T[]): number { return all.length; }
      /** @example <x-element></x-element> */
      @customElement('x-element')
      export class Element extends Base { /** Shows it. */ show(): void {} protected hide(): void {} #x = 1; }`,
    'src/protocol/types.ts': `
      /** What an app holds. */
      export type Keeper = {
        readonly id: string;
        readonly place: Place;
        /**
         * Ends it.
         * @example keeper.close()
         */
        close(): void;
        /** Sends it. */
        send(options: Options): void;
      };
      export type Options = { name?: Name };
      export type Name = string;
      export type Unused = number;
      const SIZE = number;
      const POINT = object({ x: number });
      export type Point = Infer<typeof POINT>;
      /** Somewhere. */
      export const PLACE = object({ at: POINT, size: SIZE });
      export type Place = Infer<typeof PLACE>;`,
  });
  reference = readReference(fixture.root);
});
afterAll(() => fixture.remove());

describe('the API reference', () => {
  test('shows a function as its caller sees it, with its doc comment, tags and example', () => {
    const text = renderReference(reference);
    expect(text).toContain('```ts\nopen(options?: Options, ...rest: string[]): Promise<Keeper>\n```\n\nOpens it.');
    expect(text).toContain('- Throws: TypeError without a name');
    expect(text).toContain("Example:\n\n```ts\nawait open({ name: 'a' })\n```");
    expect(text).not.toContain('secret');
  });

  test('shows the public members of a class, and an example in HTML as HTML', () => {
    const text = renderReference(reference);
    expect(text).toContain('class Element extends Base');
    expect(text).toContain('#### Element: `show(): void`\n\nShows it.');
    expect(text).toContain('```html\n<x-element></x-element>\n```');
    expect(text).not.toContain('hide');
  });

  test('explains the types that public ones use, and no others', () => {
    expect(reference.used.map(({ name }) => name)).toEqual(['Name', 'Options', 'Place', 'Point', 'SIZE']);
  });

  test('shows a type together with the schema that it comes from', () => {
    const schema = 'type Place = Infer<typeof PLACE>;\n\nconst PLACE = object({ at: POINT, size: SIZE });';
    expect(renderReference(reference)).toContain(`${schema}\n\`\`\`\n\nSomewhere.`);
  });

  test('names each public function and method without an example', () => {
    expect(withoutExample(reference)).toEqual(['sample count', 'sample Element.show', 'sample Keeper.send']);
  });

  test('fails when an entry exports a name that no file declares', async () => {
    await fixture.write('src/more.ts', "export { nothing } from './open.ts';");
    expect(() => readReference(fixture.root)).toThrow('exports nothing, but no file declares it');
  });
});
