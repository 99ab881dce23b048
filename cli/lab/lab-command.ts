import { ALL_SCENARIOS } from '../../lab/scenarios/all-scenarios.ts';
import { readConfigFile } from '../config/load-config.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { LAB_USAGE, parseLab, type LabCommand } from './lab-options.ts';
import { printScenarios } from './lab-print.ts';

/** The command with what the configuration says, or a sentence about its file. */
const withConfig = async (command: LabCommand): Promise<LabCommand | string> => {
  if (command.config === undefined) return command;
  const loaded = await readConfigFile(command.config);
  if (loaded.type === 'failed') return `--config ${loaded.problem}`;
  return { ...command, proof: command.proof ?? loaded.config.whoami };
};

export const runLabCommand = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const parsed = parseLab(args, terminal.env);
  switch (parsed.type) {
    case 'help':
      terminal.out(LAB_USAGE);
      return EXIT.ok;
    case 'list':
      terminal.out(printScenarios(ALL_SCENARIOS));
      return EXIT.ok;
    case 'usage':
      terminal.err(`${parsed.problem}\n\n${LAB_USAGE}`);
      return EXIT.usage;
    case 'run': {
      const command = await withConfig(parsed.command);
      if (typeof command !== 'string') return (await import('./lab-perform.ts')).performLab(command, terminal);
      terminal.err(`${command}\n`);
      return EXIT.usage;
    }
  }
};
