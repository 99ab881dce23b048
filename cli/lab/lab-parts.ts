import { resolve } from 'node:path';
import { findFirefox, installedChromium, namedChromium } from '../../lab/browser/find-browser.ts';
import { ALL_SCENARIOS, chooseScenarios } from '../../lab/scenarios/all-scenarios.ts';
import { readScenario, type LabScenario } from '../../lab/scenarios/scenario.ts';
import { embeddedServer, isEmbeddedServer } from '../../lab/site/embedded-server.ts';
import { loadSignInModule, type SignInModule } from '../../lab/site/sign-in-module.ts';
import { siteFromFlags, withFlags } from '../../lab/site/site-from-flags.ts';
import { fileAs } from './lab-files.ts';
import type { LabCommand } from './lab-options.ts';

/** What a command needs before it can start, or what a person must do first. */
export type LabPart<T> = { type: 'found'; value: T } | { type: 'problem'; detail: string };

const found = <T>(value: T): LabPart<T> => ({ type: 'found', value });
const problem = (detail: string): LabPart<never> => ({ type: 'problem', detail });

const NO_SIGN_IN = `The lab cannot sign in. Do one of these:
  - pass --user and --password of an account that the site's form accepts
  - let it watch you sign in once: --record sign-in.mjs
  - write a module with a few lines of Playwright, and pass it with --sign-in FILE:
      export const signIn = async (page) => {
        await page.getByLabel('Email').fill('me@example.com');
        await page.getByLabel('Password').fill(process.env.PASSWORD);
        await page.getByRole('button', { name: 'Log in' }).click();
      };
  - pass --storage-state FILE of a browser that is signed in`;

const siteOf = async (command: LabCommand): Promise<LabPart<SignInModule>> => {
  if (command.signIn !== undefined) {
    const loaded = await loadSignInModule(resolve(command.signIn));
    return loaded.type === 'loaded' ? found(withFlags(loaded.module, command)) : problem(loaded.detail);
  }
  const fromFlags = siteFromFlags(command);
  if (fromFlags) return found(fromFlags);
  if (command.storageState !== undefined) return problem(`${command.storageState} is no file of storageState().`);
  const { origin } = new URL(command.url);
  if (await isEmbeddedServer(origin)) return found(withFlags(embeddedServer(origin), command));
  return problem(NO_SIGN_IN);
};

const scenariosOf = ({ scenarios, scenarioFile }: LabCommand): LabPart<readonly LabScenario[]> => {
  if (scenarioFile !== undefined) {
    const scenario = fileAs(scenarioFile, readScenario);
    return scenario ? found([scenario]) : problem(`${scenarioFile} is no scenario. See docs/reference/lab.md.`);
  }
  const unknown = scenarios.find((name) => chooseScenarios([name]).length === 0);
  return unknown === undefined
    ? found(scenarios.length === 0 ? ALL_SCENARIOS : chooseScenarios(scenarios))
    : problem(`There is no scenario "${unknown}". --list prints all.`);
};

const NO_BROWSER = {
  chromium: 'There is no Chromium on PATH. Install one, or name it with --browser PATH or CHROMIUM_PATH.',
  firefox: 'There is no Firefox on PATH. Install one, or name it with --browser PATH or FIREFOX_PATH.',
} as const;

export const browserOf = ({ browser, engine }: Pick<LabCommand, 'browser' | 'engine'>): LabPart<string> => {
  try {
    const installed = engine === 'firefox' ? findFirefox() : (namedChromium() ?? installedChromium());
    const path = browser ?? installed;
    return path === undefined ? problem(NO_BROWSER[engine]) : found(path);
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
};

export type CommandParts = { site: SignInModule; scenarios: readonly LabScenario[]; executablePath: string };

export const partsOf = async (command: LabCommand): Promise<LabPart<CommandParts>> => {
  const [scenarios, browser] = [scenariosOf(command), browserOf(command)];
  if (scenarios.type === 'problem') return scenarios;
  const site = await siteOf(command);
  if (site.type === 'problem') return site;
  if (browser.type === 'problem') return browser;
  return found({ site: site.value, scenarios: scenarios.value, executablePath: browser.value });
};
