import { VAULT_SETTINGS_ID, type VaultSettings } from '../../src/protocol/bridge/vault.ts';

/** Path of the vault's document, beside its script. */
export const VAULT_PATH = '/keeper-vault.html';
const VAULT_SCRIPT = '/keeper-vault.js';

/** A policy knows wildcards and separators, and a URL parser accepts some of them in a host. */
const isOrigin = (text: string): boolean =>
  /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** Throws a `TypeError` for what is no exact origin: it becomes part of a content security policy. */
export const checkedEmbedders = (embedders: readonly string[]): readonly string[] => {
  const wrong = embedders.find((each) => !isOrigin(each));
  if (wrong === undefined) return embedders;
  throw new TypeError(`The vault's embedders must be origins such as https://app.example.com; one is "${wrong}".`);
};

/**
 * The vault's document: no markup, no third party, and the settings as JSON that no script can change before they are read.
 * JSON without `<` cannot close its element.
 */
export const vaultDocument = (settings: VaultSettings): string => {
  const { embedders, worker } = settings;
  const api = settings.api.map(({ origin, path }) => ({ origin, path }));
  const json = JSON.stringify({ embedders, worker, api } satisfies VaultSettings).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Session Keeper</title><link rel="icon" href="data:,"><script type="application/json" id="${VAULT_SETTINGS_ID}">${json}</script><script type="module" src="${VAULT_SCRIPT}"></script></html>`;
};
