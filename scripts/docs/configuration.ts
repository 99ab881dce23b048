import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { KEEPER_CONFIG } from '../../src/protocol/config.ts';
import type { Schema } from '../../src/protocol/schema/schema.ts';
import { CSRF_CONFIG, OIDC_CONFIG, PASSWORD_CONFIG, TICKET_CONFIG } from '../../src/protocol/sign-in-config.ts';
import { API_RULE, SOCKET_CONFIG } from '../../src/protocol/start-config.ts';

/** Writes docs/reference/configuration.md (`npm run docs:configuration`) from the schema and its comments. */

export const CONFIGURATION_FILE = new URL('../../docs/reference/configuration.md', import.meta.url);

const SOURCES = ['start-config.ts', 'sign-in-config.ts'].map((name) =>
  readFileSync(new URL(`../../src/protocol/${name}`, import.meta.url), 'utf8'),
);

type Shape = Schema & {
  readonly fields?: Readonly<Record<string, Schema>>;
  readonly of?: Schema;
  readonly options?: readonly Schema[];
  readonly values?: readonly unknown[];
  readonly value?: unknown;
  readonly min?: number;
  readonly max?: number;
};

const isWrapper = ({ type }: Shape): boolean => ['optional', 'default', 'if-absent'].includes(type);
const code = (text: string): string => `\`${text}\``;

const typeOf = (schema: Schema): string => {
  const shape = schema as Shape;
  const { type, fields, of, options, values, min, max } = shape;
  if (isWrapper(shape) && of) return typeOf(of);
  if (options) return options.map(typeOf).join(' or ');
  if (values) return values.map((value) => code(JSON.stringify(value))).join(', ');
  if (fields) return `object of ${Object.keys(fields).map(code).join(', ')}`;
  if (of) return type === 'record' ? `object of any names, each ${typeOf(of)}` : `list of ${typeOf(of)}`;
  return min === undefined || max === undefined ? type : `${type} from ${min} to ${max}`;
};

const defaultOf = (schema: Schema): string => {
  const { type, value } = schema as Shape;
  if (type === 'default' || type === 'if-absent') return code(JSON.stringify(value));
  return type === 'optional' ? 'absent' : '**required**';
};

/** The comment before a field of a constant. Fields stand two spaces from the left, and only them. */
const commentOf = (constant: string, field: string): string => {
  const source = SOURCES.find((text) => text.includes(`const ${constant} = `)) ?? '';
  const start = source.indexOf(`const ${constant} = `);
  const block = source.slice(start, source.indexOf('\n}', start));
  const [, comment = ''] = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n  ${field}:`).exec(block) ?? [];
  return comment
    .replaceAll(/\n\s*\*/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
};

type Section = { title: string; constant: string; schema: { fields: Readonly<Record<string, Schema>> } };

const SECTIONS: readonly Section[] = [
  { title: 'The configuration', constant: 'CONFIG_FIELDS', schema: KEEPER_CONFIG },
  { title: '`api[]`: where tokens may go', constant: 'API_RULE', schema: API_RULE },
  { title: '`signIn.oidc`: an OpenID provider', constant: 'OIDC_CONFIG', schema: OIDC_CONFIG },
  { title: '`signIn.password`: a login that answers tokens', constant: 'PASSWORD_CONFIG', schema: PASSWORD_CONFIG },
  { title: '`signIn.ticket`: a cookie session', constant: 'TICKET_CONFIG', schema: TICKET_CONFIG },
  { title: '`signIn.ticket.csrf`', constant: 'CSRF_CONFIG', schema: CSRF_CONFIG },
  { title: '`sockets[]`: WebSockets that tabs share', constant: 'SOCKET_CONFIG', schema: SOCKET_CONFIG },
];

const INNER: ReadonlyMap<string, string> = new Map([
  ['CONFIG_FIELDS.api', 'a list; see `api[]`'],
  ['CONFIG_FIELDS.signIn', 'an object; one or more of `oidc`, `password`, `ticket`'],
  ['CONFIG_FIELDS.sockets', 'a list; see `sockets[]`'],
]);

const row = (constant: string, name: string, schema: Schema): string => {
  const type = INNER.get(`${constant}.${name}`) ?? typeOf(schema);
  return `| ${code(name)} | ${type} | ${defaultOf(schema)} | ${commentOf(constant, name)} |`;
};

const CONTRACT = `## What your backend answers

Statuses other than these are trouble, which the keeper retries. Only the token endpoint can end a session.

| Request | Answers | When the session is over |
|---|---|---|
| \`login\` (password) | 200 with \`access_token\`, \`refresh_token\`, \`token_type\`, \`expires_in\`; 400 or 401 for wrong credentials | |
| \`refresh\` | the same; a new \`refresh_token\` replaces the old one | 400 with \`{ "error": "invalid_grant" }\` |
| \`logout\` | any 2xx | |
| \`whoami\` | 200 with \`{ "sub", "name" }\` for an access token; 401 without one | 401 leads to a refresh, never to a sign-out |
| each path of \`api\` | as ever; 401 for a token that is no longer valid | 401 leads to one refresh and one repetition |
| \`status\` (ticket) | 200 with \`{ "authenticated", "user" }\` | \`authenticated\` is \`false\` |
| \`ticket.url\` of a socket | 200 with \`{ "ticket" }\`, valid once | 401 leads to a check of the token |
| the socket | opens for a ticket ([keeper.1](protocol-keeper.1.md), or your own protocol) | a socket never ends a session |`;

export const renderConfiguration = (): string =>
  `${[
    '# Configuration',
    'Generated by `npm run docs:configuration` from the schema. Do not edit.',
    '`keeper.config.js` exports `defineConfig({ … })` of `session-keeper/config`. The worker, the page, `init`, the plugin of Vite, the doctor and the lab read the same file: `import config from "./keeper.config.js"` in a module, `--config keeper.config.js` on the command line. Each of them names a wrong field, its value and the cure.',
    ...SECTIONS.map(({ title, constant, schema }) =>
      [
        `## ${title}`,
        [
          '| Field | Type | Default | Meaning |',
          '|---|---|---|---|',
          ...Object.entries(schema.fields).map(([name, field]) => row(constant, name, field)),
        ].join('\n'),
      ].join('\n\n'),
    ),
    CONTRACT,
  ].join('\n\n')}\n`;

if (process.argv[1]?.endsWith('configuration.ts')) await writeFile(CONFIGURATION_FILE, renderConfiguration());
