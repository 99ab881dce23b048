import type { KeeperApi } from '../protocol/bridge/bridge.ts';
import { SIGN_IN_INTENT } from '../protocol/bridge/calls.ts';
import { VAULT_CALL } from '../protocol/bridge/vault.ts';
import { failed, type Problem, type Result } from '../protocol/problem.ts';
import { returnPath } from './embedders.ts';

/** Whose call it is, and the path of this document, which leads back there. */
export type Caller = { embedder: string; path: string };

const refuse = (problem: Problem): Promise<Result<never>> => Promise.resolve(failed(problem));

/**
 * A password that is typed into the embedding page was read by its scripts. So the sign-in is at the provider, on a page of its
 * own, and it comes back by way of the vault.
 */
const signIn = (api: KeeperApi, given: unknown, { embedder, path }: Caller): Promise<Result<unknown>> => {
  const intent = SIGN_IN_INTENT.read(given);
  if (!intent) return refuse({ code: 'bad-message', detail: 'sign-in' });
  return intent.kind === 'oidc'
    ? api.signIn({ ...intent, returnTo: returnPath(path, intent.returnTo, embedder) })
    : refuse({ code: 'unsupported', detail: 'vault: sign in at the provider' });
};

/** comlink's answer to a message of comlink. `undefined`: it is no call, or one that no page may make. */
export const answerEmbedder = async (
  api: KeeperApi,
  message: unknown,
  caller: Caller,
): Promise<{ id: string; type: 'RAW'; value: unknown } | undefined> => {
  const call = VAULT_CALL.read(message);
  const [method, ...more] = call?.path ?? [];
  if (!call || method === undefined || more.length > 0) return undefined;
  const given = call.argumentList.map(({ value }) => value);
  // The worker parses them once more, and never throws.
  const send = api[method] as (...values: readonly unknown[]) => Promise<Result<unknown>>;
  const value = await (method === 'signIn' ? signIn(api, given[0], caller) : send(...given));
  return { id: call.id, type: 'RAW', value };
};
