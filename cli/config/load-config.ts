import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { configProblems, configProblemText } from '../../src/protocol/config-file/config-problems.ts';
import { KEEPER_CONFIG, type KeeperConfig } from '../../src/protocol/config.ts';

/** In this order. Node reads TypeScript from version 22.18. */
export const CONFIG_FILES = ['keeper.config.js', 'keeper.config.mjs', 'keeper.config.ts'] as const;

/** `problem`: a sentence for a person. */
export type LoadedConfig = { type: 'loaded'; config: KeeperConfig } | { type: 'failed'; problem: string };

export const findConfig = (root: string, chosen: string | undefined): string | undefined => {
  if (chosen !== undefined) return existsSync(join(root, chosen)) ? chosen : undefined;
  return CONFIG_FILES.find((name) => existsSync(join(root, name)));
};

/** `file`: from `root`, or an absolute path. Each call reads the file again: a dev server calls it after a change. */
export const loadConfig = async (root: string, file: string): Promise<LoadedConfig> => {
  const failed = (problem: string): LoadedConfig => ({ type: 'failed', problem: `${file}: ${problem}` });
  let module: unknown;
  try {
    module = await import(`${pathToFileURL(resolve(root, file)).href}?read=${performance.now()}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isTypeScript = /Unknown file extension ".ts"/.test(message);
    return failed(isTypeScript ? 'Node reads TypeScript from version 22.18. Rename it to keeper.config.js.' : message);
  }
  const config = isObject(module) ? (own(module, 'default') ?? own(module, 'config')) : undefined;
  if (config === undefined) return failed('export the configuration as default: export default defineConfig({ … })');
  return checked(file, config);
};

const problemsOf = (config: unknown): string => configProblems(config).map(configProblemText).join('\n');

/** As strict as `defineConfig`: a person writes this file. */
const checked = (file: string, config: unknown): LoadedConfig => {
  const problems = problemsOf(config);
  const complete = problems === '' ? KEEPER_CONFIG.read(config) : undefined;
  return complete ? { type: 'loaded', config: complete } : { type: 'failed', problem: `${file}: ${problems}` };
};

/** As lenient as a worker: a program may have written this file for it. */
const fromJson = (file: string, text: string): LoadedConfig => {
  const config = parseJson(text);
  const complete = KEEPER_CONFIG.read(config);
  return complete
    ? { type: 'loaded', config: complete }
    : { type: 'failed', problem: `${file}: ${problemsOf(config)}` };
};

/** What `--config FILE` of a command names: the configuration of the project, or the same as JSON. */
export const readConfigFile = async (file: string): Promise<LoadedConfig> => {
  const path = resolve(process.cwd(), file);
  if (!existsSync(path)) return { type: 'failed', problem: `${file}: there is no such file.` };
  if (!file.endsWith('.json')) return loadConfig(process.cwd(), file);
  return fromJson(file, readFileSync(path, 'utf8'));
};
