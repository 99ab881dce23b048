import type { HostOptions } from '../../src/host/services/host-options.ts';
import { createNamedSessionsHost, type SessionUnit } from '../../src/host/named-sessions/named-sessions-host.ts';
import { createSessionsRegistry } from '../../src/host/named-sessions/sessions-registry.ts';
import { deploymentName } from '../../src/host/runtime/deployment-name.ts';
import { createRequests } from '../../src/host/session/requests.ts';
import { createDisk } from '../../src/host/storage/database.ts';
import type { KeeperConfig } from '../../src/protocol/config.ts';
import type * as hostPart from './host-part.ts';

declare const self: ServiceWorkerGlobalScope;

/** The browser has one cookie for all of an origin, so only the first session may be one of cookies. */
const configOf = (name: string, config: KeeperConfig): KeeperConfig => {
  if (name === '') return config;
  const { ticket: _, password, ...signIn } = config.signIn;
  const ofTokens = password?.refreshToken === 'cookie' ? undefined : password;
  return { ...config, signIn: { ...signIn, ...(ofTokens && { password: ofTokens }) } };
};

/** A worker with several sessions (`sessions` of the configuration). A worker with one never evaluates this. */
export const startSessions = (
  { createHost, createApi, answerCall, popupPage }: typeof hostPart,
  given: HostOptions,
): hostPart.StartedHost => {
  const { config, origin, scope, connections } = given;
  const deployment = { name: deploymentName(config.name, scope) };
  const create = (name: string): SessionUnit => {
    const own = configOf(name, config);
    const requests = createRequests({
      ...{ config: own, origin, connections },
      startHost: async () => host.start(),
      loadSenders: async () => host.senders,
    });
    const session = name === '' ? undefined : name;
    const firstRead = session === undefined ? given.firstRead : undefined;
    const host = createHost({ ...given, config: own, session, requests, firstRead });
    return { host, requests, api: createApi(host.apiOptions) };
  };
  const pages = config.sessions?.pages ?? [];
  const sessions = createNamedSessionsHost({
    registry: createSessionsRegistry(createDisk(undefined, undefined, deployment), deployment),
    create,
    async pageOf(client) {
      const url = (await self.clients.get(client))?.url;
      const path = url === undefined ? '' : new URL(url).pathname;
      return pages.find((page) => path.startsWith(page.path))?.session;
    },
    livingClients: async () => (await self.clients.matchAll({ includeUncontrolled: true })).map(({ id }) => id),
  });
  return {
    ...sessions,
    senders: sessions.senders,
    popup: async () => {
      await sessions.pending();
      return popupPage();
    },
    async answer(source, { message, session }, isAccepted) {
      await answerCall(await sessions.apiFor(session, source.id), source, message, isAccepted);
    },
  };
};
