/**
 * The package ships no types, and those of DefinitelyTyped bring koa's and express's with them. Here is what the
 * server uses of version 9, read from its source (lib/provider.js, lib/helpers/defaults.js).
 */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export type AdapterPayload = { [name: string]: unknown };

  export interface Adapter {
    upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export type Token = { grantId?: string; clientId?: string; accountId?: string; sessionUid?: string; kind: string };
  export type Client = { clientId: string; grantTypeAllowed(type: string): boolean };

  export type OidcContext = {
    route: string;
    params?: { [name: string]: unknown };
    entities: { RefreshToken?: Token; AccessToken?: Token; Account?: { accountId: string }; Client?: Client };
  };

  /** Of koa's context. `oidc` is there on the provider's own routes only. */
  export type Context = {
    req: IncomingMessage;
    res: ServerResponse;
    method: string;
    path: string;
    status: number;
    type: string;
    body: unknown;
    respond: boolean;
    oidc?: OidcContext;
    get(header: string): string;
    set(header: string, value: string): void;
    remove(header: string): void;
    accepts(...types: string[]): string | false;
    response: { get(header: string): string };
  };

  export type Interaction = {
    uid: string;
    prompt: { name: string; reasons: string[] };
    params: { [name: string]: unknown };
    session?: { accountId?: string; uid: string };
    /** What this person has granted this client before. */
    grantId?: string;
  };

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  export interface Session {
    destroy(): Promise<void>;
    grantIdFor(clientId: string): string | undefined;
  }

  export class Provider {
    constructor(issuer: string, configuration: { [name: string]: unknown });
    readonly issuer: string;
    /** Koa's: whether `X-Forwarded-*` is believed. */
    proxy: boolean;
    Grant: {
      new (of: { accountId: string; clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    RefreshToken: { prototype: Token & { rotations?: number; generateTokenId(): string } };
    Session: { findByUid(uid: string): Promise<Session | undefined> };
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): void;
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>;
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: { [name: string]: unknown }): Promise<void>;
    on(event: 'grant.success', listener: (ctx: Context) => void): void;
    on(event: 'grant.revoked', listener: (ctx: Context, grantId: string) => void): void;
    on(event: 'server_error', listener: (ctx: Context, error: unknown) => void): void;
  }

  export const errors: {
    InvalidGrant: new (detail: string) => Error;
    SessionNotFound: new (description: string) => Error;
  };
}
