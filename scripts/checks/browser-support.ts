import { createRequire } from 'node:module';
import type { CompatData, CompatStatement, Identifier, SupportStatement } from '@mdn/browser-compat-data';
import { parse, type AnyNode } from 'acorn';

/** By `require`: a test runner takes 18 s to turn these 20 MB into a module. */
const compat = createRequire(import.meta.url)('@mdn/browser-compat-data') as CompatData;

/** The oldest version of each browser, by its name in the data of MDN. Chrome stands for all Chromium browsers. */
export type Browsers = Readonly<Record<'chrome' | 'firefox' | 'safari' | 'safari_ios', string>>;

/** What docs/reference/limits.md promises. The library is the package without its elements, and the workers. */
export const OLDEST = {
  library: { chrome: '111', firefox: '115', safari: '16.4', safari_ios: '16.4' },
  interface: { chrome: '120', firefox: '125', safari: '17.4', safari_ios: '17.4' },
} as const satisfies Record<string, Browsers>;

/** The newest syntax that all of them parse: class static blocks (https://github.com/tc39/ecma262, edition 2022). */
const EDITION = 2022;

/** A script of the build. */
export type BuiltScript = { name: string; code: string };

/**
 * What these browsers lack although the code names it, and why that does no harm. An entry that no script needs any more
 * is an error too.
 */
export const GUARDED: Readonly<Record<string, string>> = {
  'AbortSignal.any': 'eitherSignal() looks for it',
  'Error.captureStackTrace': 'oauth4webapi calls it with ?.',
  'Uint8Array.fromBase64': 'oauth4webapi looks for it',
  'URL.parse': 'oauth4webapi looks for it',
  addRoutes: 'called with ?.',
  ancestorOrigins: 'the vault greets all its embedders without it',
  caches: 'a field of Workbox',
  canShare: 'the timeline looks for it',
  colorScheme: 'dataset.colorScheme',
  createPolicy: 'trustScript() catches its absence, and lit looks for it',
  databases: 'findFormer() looks for it',
  details: 'a field of an error of Workbox',
  element: 'a field of a directive of lit',
  emptyScript: 'lit looks for it',
  launchQueue: 'handleLaunches() looks for it',
  locale: 'a field of Intl options',
  properties: 'a field of lit',
  requestIdleCallback: 'loadRest() takes a timer in its place',
  responseStatus: 'shown as undefined',
  setAppBadge: 'keepBadge() looks for it',
  setConsumer: 'a method of launchQueue',
  toBase64: 'oauth4webapi looks for it',
  trustedTypes: 'trustScript() catches its absence',
};

const isAtMost = (version: string, than: string): boolean => {
  const [given, wanted] = [version, than].map((text) => text.replace('≤', '').split('.').map(Number));
  const place = [0, 1, 2].find((part) => (given?.[part] ?? 0) !== (wanted?.[part] ?? 0));
  return place === undefined || (given?.[place] ?? 0) < (wanted?.[place] ?? 0);
};

const isSupported = (support: SupportStatement | undefined, oldest: string): boolean =>
  [support ?? []]
    .flat()
    .some(
      ({ version_added: added, flags }) =>
        typeof added === 'string' && added !== 'preview' && !flags && isAtMost(added, oldest),
    );

type Known = Map<string, CompatStatement[]>;

const add = (known: Known, name: string, { __compat: statement }: Identifier): void => {
  if (statement) known.set(name, [...(known.get(name) ?? []), statement]);
};

/** Objects whose members are global names. */
const GLOBAL_OBJECTS: readonly string[] = ['Window', 'WorkerGlobalScope', 'ServiceWorkerGlobalScope', '_globals'];

/** Every name in the data: `globals` by themselves, `statics` behind an object's name, `members` of any object. */
const readNames = (): { globals: Known; statics: Known; members: Known } => {
  const names = { globals: new Map(), statics: new Map(), members: new Map() } satisfies Record<string, Known>;
  for (const [object, entry] of Object.entries({ ...compat.api, ...compat.javascript.builtins }) as [
    string,
    Identifier,
  ][]) {
    add(names.globals, object, entry);
    for (const [member, found] of Object.entries(entry) as [string, Identifier][]) {
      if (member === '__compat' || member.endsWith('_event')) continue;
      const name = member.replace(/_static$/, '');
      if (GLOBAL_OBJECTS.includes(object)) add(names.globals, name, found);
      add(names.statics, `${object}.${name}`, found);
      add(names.members, name, found);
    }
  }
  return names;
};

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Calls `visit` for this node and all nodes in it, each with the node around it. */
const walk = (node: AnyNode, visit: (node: AnyNode, around: AnyNode | undefined) => void, around?: AnyNode): void => {
  visit(node, around);
  for (const value of Object.values(node) as unknown[])
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(child)) walk(child, visit, node);
};

const nameOf = (node: AnyNode | null | undefined): string | undefined =>
  node?.type === 'Identifier' ? node.name : undefined;

/** Names that a script gives to fields and methods of its own. Such a member may be anything. */
const ownNames = (program: AnyNode): readonly string[] => {
  const names: string[] = [];
  walk(program, (node) => {
    if (node.type !== 'Property' && node.type !== 'MethodDefinition' && node.type !== 'PropertyDefinition') return;
    const name = node.computed ? undefined : nameOf(node.key);
    if (name !== undefined) names.push(name);
  });
  return names;
};

/** Names that a script takes from the browser: `name`, `Object.name`, and `name` of any object. */
const usedNames = (program: AnyNode, use: (name: string, object: string | undefined, isMember: boolean) => void) =>
  walk(program, (node, around) => {
    if (node.type === 'MemberExpression' && !node.computed) {
      const name = nameOf(node.property);
      if (name !== undefined) use(name, nameOf(node.object), true);
    }
    if (node.type !== 'Identifier') return;
    const isName = around?.type === 'MemberExpression' && around.property === node && !around.computed;
    if (!isName && !(around?.type === 'Property' && around.key === node)) use(node.name, undefined, false);
  });

/**
 * One sentence for each part of these scripts that one of the browsers cannot run: syntax that it does not parse, or a name
 * that it does not have. `guarded`: names to leave out.
 */
export const unsupportedIn = (
  scripts: readonly BuiltScript[],
  oldest: Browsers,
  guarded: Readonly<Record<string, string>> = {},
): readonly string[] => {
  const found = new Map<string, string>();
  const programs = scripts.flatMap(({ name, code }) => {
    try {
      const program: AnyNode = parse(code, { ecmaVersion: EDITION, sourceType: 'module' });
      return [{ name, program }];
    } catch (error) {
      found.set(name, `${name}: ${String(error)}`);
      return [];
    }
  });
  const own = new Set(programs.flatMap(({ program }) => ownNames(program)));
  const { globals, statics, members } = readNames();
  const lacking = (statements: readonly CompatStatement[]): readonly string[] => {
    const lack = ({ support }: CompatStatement): readonly string[] =>
      Object.entries(oldest).flatMap(([browser, version]) =>
        isSupported(support[browser as keyof Browsers], version) ? [] : [`${browser} ${version}`],
      );
    const all = statements.map(lack);
    return all.some((lacks) => lacks.length === 0) ? [] : (all[0] ?? []);
  };
  for (const { name: script, program } of programs)
    usedNames(program, (name, object, isMember) => {
      const fixed = object === undefined ? undefined : statics.get(`${object}.${name}`);
      const statements = fixed ?? (isMember ? (own.has(name) ? undefined : members.get(name)) : globals.get(name));
      const full = fixed ? `${object}.${name}` : name;
      const lacks = statements && !Object.hasOwn(guarded, full) ? lacking(statements) : [];
      if (lacks.length > 0 && !found.has(full)) found.set(full, `${full} (${script}): not in ${lacks.join(', ')}`);
    });
  return [...found.values()];
};
