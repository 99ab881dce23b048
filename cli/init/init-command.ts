import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { findConfig, loadConfig } from '../config/load-config.ts';
import { configText, type SignInChoice } from './config-file.ts';
import { INIT_USAGE, REMOVE_USAGE } from './init-usage.ts';
import { nextStep } from './next-step.ts';
import { lookAt, type Project } from './project.ts';
import { askForSignIn, DEFAULT_API } from './questions.ts';
import { differences, PARTS, readyFolder, removeFiles, usesPlugin, wantedFiles, writeFiles } from './site-files.ts';

const OPTIONS = {
  public: { type: 'string' },
  config: { type: 'string' },
  api: { type: 'string' },
  'sign-in': { type: 'string' },
  issuer: { type: 'string' },
  'client-id': { type: 'string' },
  check: { type: 'boolean', default: false },
  yes: { type: 'boolean', short: 'y', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Flags = {
  public: string | undefined;
  config: string | undefined;
  api: string | undefined;
  'sign-in': string | undefined;
  issuer: string | undefined;
  'client-id': string | undefined;
  check: boolean;
  yes: boolean;
};
type Parsed = { type: 'run'; flags: Flags } | { type: 'help' } | { type: 'usage'; problem: string };

const parse = (args: readonly string[]): Parsed => {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.help) return { type: 'help' };
    const { public: folder, config, api, issuer, check, yes } = values;
    const flags = { public: folder, config, api, issuer, check, yes };
    return { type: 'run', flags: { ...flags, 'sign-in': values['sign-in'], 'client-id': values['client-id'] } };
  } catch (error) {
    return { type: 'usage', problem: error instanceof Error ? error.message : String(error) };
  }
};

/** `undefined`: no flag says it. A string: what is wrong with the flags. */
const signInFrom = (flags: Flags): SignInChoice | string | undefined => {
  const kind = flags['sign-in'] ?? (flags.issuer === undefined ? undefined : 'oidc');
  if (kind === undefined) return undefined;
  if (kind === 'password' || kind === 'ticket') return { kind };
  if (kind !== 'oidc') return `--sign-in ${kind}: give password, oidc or ticket.`;
  const { issuer, 'client-id': clientId } = flags;
  if (issuer === undefined || clientId === undefined) return '--sign-in oidc needs --issuer and --client-id.';
  return { kind, issuer, clientId };
};

const asFolder = (path: string): string => `/${path.split('/').filter(Boolean).join('/')}/`.replace('//', '/');

/** Writes a first configuration where there is none. Returns its name, or a sentence about the flags. */
const ensureConfig = async (
  project: Project,
  flags: Flags,
  terminal: Terminal,
): Promise<{ file: string; isNew: boolean } | string> => {
  const known = findConfig(project.root, flags.config);
  const given = signInFrom(flags);
  if (known !== undefined)
    return given === undefined && flags.api === undefined
      ? { file: known, isNew: false }
      : `${known} is there already: write the sign-in and the API into it, and leave out the flags.`;
  if (flags.check) return 'There is no keeper.config.js. Run "npx session-keeper init" first.';
  if (typeof given === 'string') return given;
  const mayAsk = !flags.yes && given === undefined && terminal.progress && process.stdin.isTTY;
  const answers = mayAsk ? await askForSignIn(flags.api) : undefined;
  const api = asFolder(answers?.api ?? flags.api ?? DEFAULT_API);
  const file = flags.config ?? (project.isModule ? 'keeper.config.js' : 'keeper.config.mjs');
  await writeFile(join(project.root, file), configText(api, answers?.signIn ?? given ?? { kind: 'password' }));
  return { file, isNew: true };
};

const check = async (project: Project, file: string, terminal: Terminal): Promise<ExitCode> => {
  const loaded = await loadConfig(project.root, file);
  if (loaded.type === 'failed') {
    terminal.err(`${loaded.problem}\n`);
    return EXIT.failed;
  }
  const found = await differences(project, await wantedFiles(project, loaded.config, readyFolder()));
  for (const { path, what } of found) terminal.err(`${what.padEnd(9)} ${path}\n`);
  if (found.length > 0) {
    terminal.err(
      'The files of Session Keeper do not belong to this version and configuration. Run "npx session-keeper init".\n',
    );
    return EXIT.failed;
  }
  terminal.out('The files of Session Keeper belong to this version and configuration.\n');
  return EXIT.ok;
};

const WORKERS = {
  none: () => 'no service worker yet',
  own: (file: string) => `a service worker of its own, ${file}`,
  generated: (by: string) => `a service worker that ${by} makes`,
} as const;

const found = ({ framework, publicFolder, worker }: Project): string => {
  const text =
    worker.type === 'own'
      ? WORKERS.own(worker.file)
      : worker.type === 'generated'
        ? WORKERS.generated(worker.by)
        : WORKERS.none();
  return `Found: ${framework === 'static' ? 'a site without a bundler' : framework}, public folder ${publicFolder}, ${text}.\n`;
};

/** A line for each file. The parts of the keeper are one line, because a person edits none of them. */
const listed = (verb: string, paths: readonly string[]): readonly string[] => {
  const parts = paths.filter((path) => path.includes(`/${PARTS}/`));
  const [first] = parts;
  const lines = paths.filter((path) => !parts.includes(path)).map((path) => `${verb.padEnd(8)} ${path}`);
  if (first === undefined) return lines;
  return [...lines, `${verb.padEnd(8)} ${first.slice(0, first.lastIndexOf('/'))}: ${parts.length} files`];
};

const initialise = async (flags: Flags, terminal: Terminal): Promise<ExitCode> => {
  const project = lookAt(process.cwd(), flags.public);
  const config = await ensureConfig(project, flags, terminal);
  if (typeof config === 'string') {
    terminal.err(`${config}\n`);
    return flags.check ? EXIT.failed : EXIT.usage;
  }
  if (flags.check) return check(project, config.file, terminal);
  terminal.out(found(project));
  if (config.isNew) terminal.out(`  wrote    ${config.file}: check the paths in it\n`);
  const loaded = await loadConfig(project.root, config.file);
  if (loaded.type === 'failed') {
    terminal.err(`${loaded.problem}\n`);
    return EXIT.failed;
  }
  if (await usesPlugin(project.root))
    terminal.out('  The plugin of your bundler serves and builds the worker, so there is nothing to copy.\n');
  const { written, deleted } = await writeFiles(project, await wantedFiles(project, loaded.config, readyFolder()));
  for (const line of [...listed('wrote', written), ...listed('deleted', deleted)]) terminal.out(`  ${line}\n`);
  if (!config.isNew && written.length + deleted.length === 0)
    terminal.out('  Nothing to do: all files are as they should be.\n');
  terminal.out(
    `\n${nextStep(project)}\n\nAfter a deployment: npx session-keeper doctor https://your.site/\nIn CI: npx session-keeper init --check\n`,
  );
  return EXIT.ok;
};

const withFlags =
  (usage: string, run: (flags: Flags, terminal: Terminal) => Promise<ExitCode>) =>
  async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
    const parsed = parse(args);
    if (parsed.type === 'help') {
      terminal.out(usage);
      return EXIT.ok;
    }
    if (parsed.type === 'usage') {
      terminal.err(`${parsed.problem}\n\n${usage}`);
      return EXIT.usage;
    }
    return run(parsed.flags, terminal);
  };

export const runInit = withFlags(INIT_USAGE, initialise);

export const runRemove = withFlags(REMOVE_USAGE, async (flags, terminal) => {
  const done = await removeFiles(lookAt(process.cwd(), flags.public));
  for (const line of done) terminal.out(`  ${line}\n`);
  terminal.out(
    done.length === 0
      ? 'There is nothing of Session Keeper in this project.\n'
      : 'Take connect() out of your pages and the plugin out of your build, delete keeper.config.js, and run: npm uninstall session-keeper\n',
  );
  return EXIT.ok;
});
