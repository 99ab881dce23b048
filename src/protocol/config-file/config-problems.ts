import { KEEPER_CONFIG, type KeeperConfig } from '../config.ts';
import { isObject, own } from '../schema/json.ts';
import type { Schema } from '../schema/schema.ts';

/** One field of a configuration that is wrong: where, what was found, and what to write instead. */
export type ConfigProblem = { readonly field: string; readonly value: unknown; readonly cure: string };

/** The parts of a schema that say what it expects. */
type Shape = Schema & {
  readonly fields?: { readonly [name: string]: Schema };
  readonly of?: Schema;
  readonly options?: readonly Schema[];
  readonly values?: readonly unknown[];
  readonly min?: number;
  readonly max?: number;
};

const quoted = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

const expected = ({ type, values, options, min, max }: Shape): string => {
  if (options) return options.map((option) => expected(inner(option))).join(' Or: ');
  if (values) return `Write one of ${quoted(values)}.`;
  if (type === 'number' && min !== undefined && max !== undefined) return `Write a number from ${min} to ${max}.`;
  const kind = type === 'list' ? 'array' : type;
  return `Write ${/^[ao]/.test(kind) ? 'an' : 'a'} ${kind}.`;
};

/** `optional(x)` and `withDefault(x)` describe `x`. */
const inner = (schema: Schema): Shape => {
  const shape = schema as Shape;
  const isWrapper = shape.of !== undefined && ['optional', 'default', 'if-absent'].includes(shape.type);
  return isWrapper && shape.of ? inner(shape.of) : shape;
};

const mayBeAbsent = ({ type, absent }: Schema): boolean =>
  absent === true || ['optional', 'default', 'if-absent'].includes(type);

/** The known name with the smallest difference in letters, for a name that was mistyped. */
const nearest = (name: string, known: readonly string[]): string | undefined =>
  known.find((each) => each.toLowerCase() === name.toLowerCase() || each.startsWith(name) || name.startsWith(each));

const unknownField = (field: string, value: unknown, known: readonly string[]): ConfigProblem => {
  const meant = nearest(field.slice(field.lastIndexOf('.') + 1), known);
  const list = `The fields here are ${known.join(', ')}.`;
  return { field, value, cure: meant === undefined ? `Remove it. ${list}` : `Write "${meant}". ${list}` };
};

/** Whether a value of this kind is meant for the schema: an object for one with fields, and so on. */
const isMeantFor = (schema: Schema, value: unknown): boolean => {
  const { fields, of } = inner(schema);
  return fields ? isObject(value) : of !== undefined && Array.isArray(value);
};

/** The option that fits, or the problems of the one that the value was meant for. */
const misfitsOfOptions = (shape: Shape, value: unknown, field: string): readonly ConfigProblem[] => {
  const tried = (shape.options ?? []).map((option) => ({ option, problems: misfits(option, value, field) }));
  if (tried.some(({ problems }) => problems.length === 0)) return [];
  const meant = tried.filter(({ option }) => isMeantFor(option, value));
  const [closest] = meant.toSorted((one, other) => one.problems.length - other.problems.length);
  return closest?.problems ?? [{ field, value, cure: expected(shape) }];
};

/** What does not fit the schema: wrong types, missing fields, and names that no field has. */
const misfits = (schema: Schema, value: unknown, field: string): readonly ConfigProblem[] => {
  if (value === undefined && mayBeAbsent(schema)) return [];
  const shape = inner(schema);
  const { fields, of } = shape;
  if (shape.options) return misfitsOfOptions(shape, value, field);
  if (fields && isObject(value)) {
    const known = Object.keys(fields);
    const unknown = Object.keys(value).filter((key) => !known.includes(key));
    return [
      ...unknown.map((key) => unknownField(`${field}.${key}`, value[key], known)),
      ...Object.entries(fields).flatMap(([key, each]) => misfits(each, own(value, key), `${field}.${key}`)),
    ];
  }
  if (of && Array.isArray(value)) return value.flatMap((each, at) => misfits(of, each, `${field}[${at}]`));
  return shape.read(value) === undefined ? [{ field, value, cure: expected(shape) }] : [];
};

type Check = (value: unknown) => string | undefined;

/* This layer has no `URL`. */
const ABSOLUTE = /^(?:https?|wss?):\/\/[^/?#\s]+/i;
const ORIGIN = /^https?:\/\/[^/?#\s]+$/i;
const SECURE = /^(?:https:\/\/[^/?#\s]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$))/i;

const path: Check = (value) =>
  typeof value === 'string' && !/^\/(?!\/)/.test(value)
    ? 'Write a path of the worker\'s origin with a slash in front, such as "/api/login".'
    : undefined;
const pathOrUrl: Check = (value) =>
  typeof value === 'string' && !/^\/(?!\/)/.test(value) && !ABSOLUTE.test(value)
    ? 'Write a path such as "/api/login", or a complete URL.'
    : undefined;
const folder: Check = (value) =>
  path(value) ??
  (typeof value === 'string' && !value.endsWith('/') ? 'Write a slash at its end, such as "/api/".' : undefined);
const origin: Check = (value) =>
  typeof value !== 'string' || value === 'self' || ORIGIN.test(value)
    ? undefined
    : 'Write "self", or an origin such as "https://api.example" without a path.';
/** RFC 8707 §2, RFC 6749 §3.1.2. */
const absoluteUri =
  (example: string): Check =>
  (value) =>
    typeof value !== 'string' || (/^[a-z][a-z\d+.-]*:/i.test(value) && !value.includes('#'))
      ? undefined
      : `Write an absolute URI without a fragment, such as "${example}".`;
const issuer: Check = (value) =>
  typeof value !== 'string' || SECURE.test(value)
    ? undefined
    : 'Write the https URL of the provider, as its metadata has it in "issuer".';

/** Rules that no type can say, by the end of a field's name. */
const RULES: readonly (readonly [field: RegExp, check: Check])[] = [
  [/^config\.api\[\d+\]\.origin$/, origin],
  [/^config\.api\[\d+\]\.path$/, folder],
  [/^config\.api\[\d+\]\.(media|redirects|public)\[\d+\]$/, path],
  [/^config\.api\[\d+\]\.resource$/, absoluteUri('https://orders.example/')],
  [/^config\.whoami$/, pathOrUrl],
  [/^config\.signIn\.oidc\.issuer$/, issuer],
  [/^config\.signIn\.oidc\.callback$/, path],
  [/^config\.signIn\.oidc\.redirectUri$/, absoluteUri('com.example.app:/callback')],
  [/^config\.signIn\.(password|ticket)\.(login|refresh|logout|status)(\.url)?$/, pathOrUrl],
  [/^config\.signIn\.ticket\.callback$/, path],
  [/^config\.sockets\[\d+\]\.url$/, pathOrUrl],
  [/^config\.sockets\[\d+\]\.ticket\.url$/, pathOrUrl],
];

const leaves = (value: unknown, field: string): readonly (readonly [field: string, value: unknown])[] => {
  if (Array.isArray(value)) return value.flatMap((each, at) => leaves(each, `${field}[${at}]`));
  if (isObject(value)) return Object.entries(value).flatMap(([key, each]) => leaves(each, `${field}.${key}`));
  return [[field, value]];
};

const brokenRules = (config: unknown): readonly ConfigProblem[] =>
  leaves(config, 'config').flatMap(([field, value]) => {
    const [, check] = RULES.find(([pattern]) => pattern.test(field)) ?? [];
    const cure = check?.(value);
    return cure === undefined ? [] : [{ field, value, cure }];
  });

/** What only the whole configuration shows. */
const contradictions = (config: unknown): readonly ConfigProblem[] => {
  if (!isObject(config)) return [];
  const signIn = own(config, 'signIn');
  const api = own(config, 'api');
  const problems: ConfigProblem[] = [];
  if (isObject(signIn) && !Object.values(signIn).some((method) => method !== undefined))
    problems.push({ field: 'config.signIn', value: signIn, cure: 'Add one sign-in method: oidc, password or ticket.' });
  if (Array.isArray(api) && api.length === 0)
    problems.push({ field: 'config.api', value: api, cure: 'Add a rule such as { origin: "self", path: "/api/" }.' });
  return [...problems, ...misplacedResources(KEEPER_CONFIG.read(config))];
};

/** The backend's check is about the session's own token, and only a provider gives other ones. */
const misplacedResources = (config: KeeperConfig | undefined): readonly ConfigProblem[] => {
  if (!config) return [];
  const { api, whoami, signIn } = config;
  const isBelow = (path: string): boolean => whoami.startsWith(path.endsWith('/') ? path : `${path}/`);
  const ofWhoami = api.findIndex((rule) => rule.origin === 'self' && isBelow(rule.path));
  return api.flatMap((rule, at) => {
    const field = (['resource', 'audience', 'scope'] as const).find((name) => rule[name] !== undefined);
    if (field === undefined) return [];
    const problem = { field: `config.api[${at}].${field}`, value: rule[field] };
    if (!signIn.oidc)
      return [{ ...problem, cure: 'Remove it. Only sign-in with a provider (oidc) has tokens for it.' }];
    if (at !== ofWhoami) return [];
    return [{ ...problem, cure: 'Put a rule without it in front, for the path of config.whoami.' }];
  });
};

/**
 * Everything that is wrong with a configuration, for tools that show it themselves. Stricter than a running worker, which
 * ignores what it does not know.
 *
 * @example
 * import { configProblems } from 'session-keeper/config';
 * for (const { field, cure } of configProblems({ api: [] })) console.log(field, cure);
 */
export const configProblems = (value: unknown): readonly ConfigProblem[] => [
  ...misfits(KEEPER_CONFIG, value, 'config'),
  ...brokenRules(value),
  ...contradictions(value),
];

/** `config.api[0].path is "/api". Write a slash at its end, such as "/api/".` */
export const configProblemText = ({ field, value, cure }: ConfigProblem): string =>
  `${field} is ${value === undefined ? 'missing' : (JSON.stringify(value) ?? typeof value)}. ${cure}`;
