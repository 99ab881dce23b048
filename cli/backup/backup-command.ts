import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { backUp, restore, type BackupResult } from '../../server/data-folder/backup.ts';
import { DataDirError } from '../../server/data-folder/data-dir-error.ts';
import { defaultKeyFile } from '../../server/data-folder/key-file.ts';
import { BACKUP_USAGE, RESTORE_USAGE } from './backup-usage.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';

const OPTIONS = { data: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } } as const;
const DEFAULT_DATA_DIR = '.data';
const MIB = 1024 * 1024;

type Request = { folder: string; data: string };
type Parsed = { type: 'run'; request: Request } | { type: 'help' } | { type: 'usage'; problem: string };

const parse = (args: readonly string[], env: Terminal['env'], wanted: string): Parsed => {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help) return { type: 'help' };
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) return { type: 'usage', problem: `Give one folder: ${wanted}.` };
    const data = values.data ?? (env['DATA_DIR'] || DEFAULT_DATA_DIR);
    return { type: 'run', request: { folder, data } };
  } catch (error) {
    return { type: 'usage', problem: error instanceof Error ? error.message : String(error) };
  }
};

const keyAdvice = ({ dir, storeId }: BackupResult, env: Terminal['env']): string => {
  if (env['KEEPER_SECRET']) return 'Its key is KEEPER_SECRET, which the backup does not contain.';
  return `Its key is the file ${env['KEEPER_KEY_FILE'] || defaultKeyFile(dir, storeId)}.`;
};

const sizeText = ({ bytes }: BackupResult): string => `${(bytes / MIB).toFixed(1)} MiB`;

const backUpFolder = async ({ folder, data }: Request, { out, env }: Terminal): Promise<void> => {
  const result = await backUp(data, folder);
  out(`Backed up ${data} to ${result.dir} (${sizeText(result)}).\n`);
  const key = keyAdvice({ ...result, dir: data }, env);
  out(`${key} Keep it apart from the backup: both together are every session.\n`);
};

const restoreFolder = async ({ folder, data }: Request, { out, env }: Terminal): Promise<void> => {
  const result = await restore(folder, data);
  out(`Restored ${folder} to ${result.dir} (${sizeText(result)}).\n`);
  if (result.aside !== undefined) out(`The data that was there is in ${result.aside}. Remove it when all is well.\n`);
  const isMissing =
    !env['KEEPER_SECRET'] && !existsSync(env['KEEPER_KEY_FILE'] || defaultKeyFile(result.dir, result.storeId));
  out(`${keyAdvice(result, env)}${isMissing ? ' It is missing: put it there before you start the server.' : ''}\n`);
};

const command =
  (usage: string, wanted: string, run: (request: Request, terminal: Terminal) => Promise<void>) =>
  async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
    const parsed = parse(args, terminal.env, wanted);
    if (parsed.type === 'help') {
      terminal.out(usage);
      return EXIT.ok;
    }
    if (parsed.type === 'usage') {
      terminal.err(`${parsed.problem}\n\n${usage}`);
      return EXIT.usage;
    }
    try {
      await run(parsed.request, terminal);
      return EXIT.ok;
    } catch (error) {
      const isExplained = error instanceof DataDirError;
      terminal.err(
        `${isExplained ? error.message : `It failed: ${error instanceof Error ? error.message : String(error)}`}\n`,
      );
      return EXIT.failed;
    }
  };

export const runBackup = command(BACKUP_USAGE, 'that of the new backup', backUpFolder);
export const runRestore = command(RESTORE_USAGE, 'that of the backup', restoreFolder);
