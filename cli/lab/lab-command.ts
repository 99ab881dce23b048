import { ALL_SCENARIOS } from '../../lab/scenarios/all-scenarios.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { LAB_USAGE, parseLab } from './lab-options.ts';
import { printScenarios } from './lab-print.ts';

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
    case 'run':
      return (await import('./lab-perform.ts')).performLab(parsed.command, terminal);
  }
};
