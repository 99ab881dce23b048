import type { IncomingHttpHeaders } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEEPER_CONFIG, type KeeperConfig } from '../../src/protocol/config.ts';
import { misfitOf } from '../../src/protocol/schema/misfit.ts';
import { randomId } from '../base/crypto.ts';
import { codingsFor } from '../http/compression.ts';
import { contentType } from '../http/content-type.ts';
import { securityHeaders, type HeaderPreset } from '../http/headers.ts';
import { isDocumentNavigation } from '../http/request-target.ts';
import { readInside } from '../http/static-files.ts';
import { checkedEmbedders, VAULT_PATH, vaultDocument } from '../worker/vault-document.ts';
import { workerResponse } from '../worker/worker-response.ts';
import type { WorkerSealer } from './sealer.ts';
import type { SiteRequest } from './requests/site-request.ts';

export type SealedWorkerOptions = {
  sealer: WorkerSealer;
  /** What the worker does: where tokens may go, how users sign in, which sockets tabs share. */
  config: KeeperConfig;
  /** URL path of the worker script. Default `/keeper-sw.js`. */
  path?: string;
  /** File of your own worker, which calls `keepSession`. Default: the worker of this package. */
  script?: string;
  /** Folder with this package's ready files. The kit serves those whose names start with `keeper`. Default: the package's own. */
  files?: string;
  /** Origin of the site, such as `https://app.example`. Default: what the request names in `Host`. */
  origin?: string;
  /** Makes this site the vault of others: `embedders` are the exact origins of their pages, such as `https://app.example.com`. */
  vault?: { embedders: readonly string[] };
  /** The headers of `securityHeaders` for all responses, with a nonce for documents. `false`: your site sends its own. */
  headers?: HeaderPreset | false;
};

/** `response`: complete. `pass`: headers for the site's own response. `nonce`: of a document. */
export type SiteAnswer =
  | { type: 'response'; status: number; headers: Record<string, string>; body: string | Uint8Array<ArrayBuffer> | null }
  | { type: 'pass'; headers: Record<string, string>; cookie?: string; nonce?: string };

const WORKER_PATH = '/keeper-sw.js';

/** The package has its ready files in a folder of its own. In this repository they are part of the build. */
const readyFiles = (): string => {
  try {
    return dirname(createRequire(import.meta.url).resolve('session-keeper/ready/keeper-sw.js'));
  } catch {
    return fileURLToPath(new URL('../../dist', import.meta.url));
  }
};

/** A path of this package's files, in a folder or with a name that starts with `keeper`. */
const OWN_FILE = /\/keeper[^/]*(\/|$)/;
const HASHED = /-[\w-]{8,}\.js$/;
const NONCE_BYTES = 16;
const HTML = 'text/html; charset=utf-8';
/** What a host name and a port may contain. It becomes part of the content security policy. */
const HOST = /^[\w.:[\]-]+$/;

/** Throws with the field, what it is and what it should be. */
const checkedConfig = (config: unknown): KeeperConfig => {
  const read = KEEPER_CONFIG.read(config);
  if (!read) throw new TypeError(`sealedWorker: ${misfitOf(KEEPER_CONFIG, config, 'config')}`);
  return read;
};

const originsIn = ({ api, signIn, sockets }: KeeperConfig): readonly string[] => {
  const urls = [
    ...api.map(({ origin }) => origin),
    signIn.oidc?.issuer ?? '',
    ...sockets.flatMap(({ url, ticket }) => [url, ticket.url]),
  ];
  return urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin);
};

const originOf = ({ host = '', 'x-forwarded-proto': scheme }: IncomingHttpHeaders): string =>
  `${scheme === 'https' ? 'https' : 'http'}://${HOST.test(host) ? host : 'localhost'}`;

/** Decides what the kit does with each request of a site. */
export const createSiteAnswers = (options: SealedWorkerOptions): ((request: SiteRequest) => Promise<SiteAnswer>) => {
  const { sealer, path: workerPath = WORKER_PATH, script, files = readyFiles(), headers: preset = {} } = options;
  const config = checkedConfig(options.config);
  const connect = [...originsIn(config), ...((preset && preset.connect) || [])];

  const presetFor = (self: string, more: HeaderPreset): Record<string, string> =>
    preset === false ? {} : securityHeaders(self, { ...preset, connect, ...more });

  const readScript = async (): Promise<string | undefined> =>
    script === undefined ? (await readInside(files, WORKER_PATH))?.bytes.toString('utf8') : readFile(script, 'utf8');

  const answerWorker = async (self: string, request: SiteRequest): Promise<SiteAnswer> => {
    const source = await readScript();
    if (source === undefined) throw new Error(`sealedWorker: there is no ${WORKER_PATH} in ${files}.`);
    const { headers } = request;
    const response = await workerResponse(sealer, { script: source, site: { config }, headers, self, connect });
    return { type: 'response', ...response, headers: { ...presetFor(self, {}), ...response.headers } };
  };

  const embedders = checkedEmbedders(options.vault?.embedders ?? []);
  const vaultPage = vaultDocument({ embedders, worker: workerPath, api: config.api });

  /** Its own headers, also where the site sends its own: they are what keeps other pages out. */
  const answerVault = (self: string, { headers }: SiteRequest): SiteAnswer => {
    const cookie = sealer.installCookie(headers);
    const own = {
      ...securityHeaders(self, { ...(preset === false ? {} : preset), connect, embedders }),
      'content-type': HTML,
      'cache-control': 'no-store',
      ...(cookie !== undefined && { 'set-cookie': cookie }),
    };
    return { type: 'response', status: 200, headers: own, body: vaultPage };
  };

  const answerFile = async (self: string, { path, headers }: SiteRequest): Promise<SiteAnswer | undefined> => {
    const found = await readInside(files, path, codingsFor(headers['accept-encoding']));
    if (!found) return undefined;
    const own = {
      ...presetFor(self, { trustedTypes: false }),
      'content-type': contentType(path),
      'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'Accept-Encoding',
      ...(found.coding && { 'content-encoding': found.coding }),
    };
    return { type: 'response', status: 200, headers: own, body: Uint8Array.from(found.bytes) };
  };

  return async (request) => {
    const { method, path, headers } = request;
    const self = options.origin ?? originOf(headers);
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && path === workerPath) return answerWorker(self, request);
    if (isRead && path === VAULT_PATH && embedders.length > 0) return answerVault(self, request);
    const file = isRead && OWN_FILE.test(path) ? await answerFile(self, request) : undefined;
    if (file) return file;
    if (!isDocumentNavigation(method, headers)) return { type: 'pass', headers: presetFor(self, {}) };
    const nonce = randomId(NONCE_BYTES);
    const cookie = sealer.installCookie(headers);
    return { type: 'pass', headers: presetFor(self, { nonce }), nonce, ...(cookie !== undefined && { cookie }) };
  };
};
