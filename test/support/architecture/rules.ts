import { Visitor } from 'rolldown/utils';
import { lineAt, resolveImport, type Import, type Module } from './module.ts';
import { FALLBACK, layerOf, type Layer } from './table.ts';

export type Violation = { rule: string; path: string; line: number; what: string };

const MAX_LINES = 300;
/** For a module that gives a reason, such as a state machine that people read from top to bottom. */
const MAX_LINES_WITH_REASON = 400;
const LENGTH_REASON = /^\s*\*?\s*Long because \w+ \w+/m;
/** The strings of a language are a table, which is easier to translate in few files. */
const MAX_LANGUAGE_LINES = 400;
const LANGUAGE = /^src\/ui\/strings\/[a-z]{2}\/\w+\.ts$/;
/** A simulated world is easier to read in one file. */
const MAX_TEST_LINES = 500;
const MAX_FUNCTION_LINES = 50;
/** More than four arguments in a row are easy to mix up. An object names each. */
const MAX_PARAMETERS = 4;
const SHORTEST_REASON = 10;

/** Clock and chance are arguments in core (docs/invariants.md). */
const CORE_GLOBALS = new Set(['performance', 'crypto', 'globalThis']);
/** The interface shows a snapshot and sends intents. It uses no network and no disk. */
const UI_GLOBALS = new Set([
  'fetch',
  'WebSocket',
  'indexedDB',
  'XMLHttpRequest',
  'EventSource',
  'localStorage',
  'caches',
]);
const WINDOW_NAMES = new Set(['window', 'self', 'globalThis']);

const at = (module: Module, rule: string, offset: number, what: string): Violation => ({
  rule,
  path: module.path,
  line: lineAt(module.source, offset),
  what,
});

const packageAllowed = (layer: Layer, specifier: string): boolean =>
  layer.packages === 'any' ||
  layer.packages.some((name) =>
    name.endsWith('*')
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  );

const importAllowed = (module: Module, layer: Layer, found: Import): boolean => {
  const target = resolveImport(module.path, found.specifier);
  if (target === undefined) return packageAllowed(layer, found.specifier);
  if (target === FALLBACK && !found.dynamic) return false;
  const to = layerOf(target);
  if (to?.name === layer.name) return true;
  if (module.path === FALLBACK && to?.name === 'host') return true;
  return to !== undefined && layer.may.includes(to.name);
};

const arrows = (module: Module): Violation[] => {
  const layer = layerOf(module.path);
  if (!layer) return [];
  return module.imports
    .filter((found) => !importAllowed(module, layer, found))
    .map((found) => at(module, 'arrow', found.start, `${layer.name} may not import ${found.specifier}`));
};

/** Test runners load a reporter and a configuration by their default exports. */
const isOfRunner = (path: string): boolean => path.endsWith('-reporter.ts') || path.endsWith('.config.ts');

const defaultExports = (module: Module): Violation[] => {
  if (!layerOf(module.path) || isOfRunner(module.path)) return [];
  return module.parsed.module.staticExports
    .filter((entry) =>
      entry.entries.some(({ exportName }) => exportName.kind === 'Default' || exportName.name === 'default'),
    )
    .map((entry) => at(module, 'default-export', entry.start, 'use named exports'));
};

const length = (module: Module): Violation[] => {
  const lines = module.source.trimEnd().split('\n').length;
  const hasReason = module.parsed.comments.some(({ value }) => LENGTH_REASON.test(value));
  const ownLimit = hasReason ? MAX_LINES_WITH_REASON : MAX_LINES;
  const layerLimit = LANGUAGE.test(module.path) ? MAX_LANGUAGE_LINES : ownLimit;
  const limit = layerOf(module.path) ? layerLimit : MAX_TEST_LINES;
  if (lines <= limit) return [];
  return [{ rule: 'length', path: module.path, line: limit + 1, what: `${lines} lines, at most ${limit}` }];
};

const suppressions = (module: Module): Violation[] =>
  module.parsed.comments.flatMap((comment) => {
    const text = comment.value.trim();
    if (/^@ts-(ignore|nocheck)/.test(text)) return [at(module, 'suppression', comment.start, text)];
    if (/^(eslint|oxlint)-disable/.test(text)) return [at(module, 'suppression', comment.start, text)];
    const reason = /^@ts-expect-error\b[\s:–—-]*(.*)$/.exec(text)?.[1];
    if (reason !== undefined && reason.length < SHORTEST_REASON) {
      return [at(module, 'suppression', comment.start, '@ts-expect-error without a reason')];
    }
    return [];
  });

const anyTypes = (module: Module): Violation[] => {
  const found: Violation[] = [];
  new Visitor({ TSAnyKeyword: (node) => void found.push(at(module, 'any', node.start, 'any')) }).visit(
    module.parsed.program,
  );
  return found;
};

type Reference = { name: string; start: number };

/** Global names, not members, keys or types: `fetch` in `fetch(x)` and `window.fetch`, but not in `keeper.fetch`. */
const freeNames = (module: Module): Reference[] => {
  const names: Reference[] = [];
  const members = new Set<number>();
  new Visitor({
    MemberExpression: (node) => {
      if (node.computed || node.property.type !== 'Identifier') return;
      const ofWindow = node.object.type === 'Identifier' && WINDOW_NAMES.has(node.object.name);
      if (!ofWindow) members.add(node.property.start);
    },
    Property: (node) => {
      if (!node.computed && !node.shorthand) members.add(node.key.start);
    },
    MethodDefinition: (node) => void members.add(node.key.start),
    PropertyDefinition: (node) => void members.add(node.key.start),
    TSPropertySignature: (node) => void members.add(node.key.start),
    TSMethodSignature: (node) => void members.add(node.key.start),
    Identifier: (node) => void names.push({ name: node.name, start: node.start }),
  }).visit(module.parsed.program);
  return names.filter((name) => !members.has(name.start));
};

const timeAndChance = (module: Module): Violation[] => {
  if (layerOf(module.path)?.name !== 'core') return [];
  const found = freeNames(module)
    .filter((reference) => CORE_GLOBALS.has(reference.name))
    .map((reference) => at(module, 'pure', reference.start, reference.name));
  const isNamed = (node: { type: string; name?: unknown }, name: string): boolean =>
    node.type === 'Identifier' && node.name === name;
  new Visitor({
    MemberExpression: (node) => {
      const clock = isNamed(node.object, 'Date') && isNamed(node.property, 'now');
      const chance = isNamed(node.object, 'Math') && isNamed(node.property, 'random');
      if (clock || chance) found.push(at(module, 'pure', node.start, clock ? 'Date.now' : 'Math.random'));
    },
    NewExpression: (node) => {
      if (isNamed(node.callee, 'Date') && node.arguments.length === 0)
        found.push(at(module, 'pure', node.start, 'new Date()'));
    },
    CallExpression: (node) => {
      if (isNamed(node.callee, 'Date')) found.push(at(module, 'pure', node.start, 'Date()'));
    },
    AwaitExpression: (node) => void found.push(at(module, 'pure', node.start, 'await')),
  }).visit(module.parsed.program);
  return found;
};

const windows = (module: Module): Violation[] => {
  if (layerOf(module.path)?.name !== 'ui') return [];
  return freeNames(module)
    .filter((reference) => UI_GLOBALS.has(reference.name))
    .map((reference) => at(module, 'window', reference.start, reference.name));
};

/** A value from a boundary is `unknown` until a parser has checked it. */
const casts = (module: Module): Violation[] => {
  if (!layerOf(module.path)) return [];
  const found: Violation[] = [];
  new Visitor({
    TSAsExpression: (node) => {
      const text = module.source.slice(node.expression.start, node.expression.end);
      const foreign = /^\(?(await )?(JSON\.parse\(|[\w.]+\.json\(\)|(event|message|e)\.data$)/.test(text);
      if (foreign && node.typeAnnotation.type !== 'TSUnknownKeyword') found.push(at(module, 'cast', node.start, text));
    },
  }).visit(module.parsed.program);
  return found;
};

/** Lines of a function without its inner functions: a factory of small functions is as easy to read as they are. */
const functionLengths = (module: Module): Violation[] => {
  if (!layerOf(module.path)) return [];
  const found: Violation[] = [];
  const inner: number[] = [0];
  const enter = (): void => void inner.push(0);
  const leave = (node: { start: number; end: number }): void => {
    const whole = lineAt(module.source, node.end) - lineAt(module.source, node.start) + 1;
    const own = whole - (inner.pop() ?? 0);
    inner.push((inner.pop() ?? 0) + whole);
    if (own > MAX_FUNCTION_LINES)
      found.push(at(module, 'function-length', node.start, `${own} lines, at most ${MAX_FUNCTION_LINES}`));
  };
  new Visitor({
    FunctionDeclaration: enter,
    FunctionExpression: enter,
    ArrowFunctionExpression: enter,
    'FunctionDeclaration:exit': leave,
    'FunctionExpression:exit': leave,
    'ArrowFunctionExpression:exit': leave,
  }).visit(module.parsed.program);
  return found;
};

/** The one file that may pass any number to `setTimeout`. */
const TIMER_MODULE = 'src/protocol/timing/timer.ts';
const BOUNDED_DELAY = /^([A-Z][A-Z0-9_]*|[\d_]+|Math\.min\(.*, [A-Z][A-Z0-9_]*\)|exponentialDelay\(.*\))$/s;

/**
 * `setTimeout` and `setInterval` run at once when the delay is above 2^31 - 1 ms, and a number from outside may be. So
 * the delay must be a constant, `Math.min(…, CONSTANT)`, or an exponential delay, which its cap bounds. `startTimer`
 * takes any number.
 * Scripts run on the machine of the person who starts them.
 */
const timers = (module: Module): Violation[] => {
  const layer = layerOf(module.path)?.name ?? 'scripts';
  if (layer === 'scripts' || module.path === TIMER_MODULE) return [];
  const found: Violation[] = [];
  new Visitor({
    CallExpression: (node) => {
      const { callee } = node;
      const named = callee.type === 'MemberExpression' ? callee.property : callee;
      if (named.type !== 'Identifier' || !/^set(Timeout|Interval)$/.test(named.name)) return;
      const delay = node.arguments[1];
      const text = delay === undefined ? '0' : module.source.slice(delay.start, delay.end);
      if (!BOUNDED_DELAY.test(text)) found.push(at(module, 'timer', node.start, `${named.name}(…, ${text})`));
    },
  }).visit(module.parsed.program);
  return found;
};

const parameters = (module: Module): Violation[] => {
  const found: Violation[] = [];
  const count = ({ params, start }: { params: readonly unknown[]; start: number }): void => {
    if (params.length > MAX_PARAMETERS)
      found.push(at(module, 'parameters', start, `${params.length} parameters, at most ${MAX_PARAMETERS}`));
  };
  new Visitor({
    FunctionDeclaration: count,
    FunctionExpression: count,
    ArrowFunctionExpression: count,
    TSFunctionType: count,
    TSMethodSignature: count,
  }).visit(module.parsed.program);
  return found;
};

const RULES = [
  arrows,
  defaultExports,
  length,
  functionLengths,
  parameters,
  suppressions,
  anyTypes,
  timeAndChance,
  windows,
  casts,
  timers,
];

/** All problems of one file. cycles.ts finds cycles, which need all files. */
export const check = (module: Module): Violation[] => RULES.flatMap((rule) => rule(module));
