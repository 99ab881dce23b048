/**
 * Figures in `docs/reference/figures.md`. Each measuring command has a block there between two markers, and writes it when
 * it runs with `--docs`: date, machine, and what it measured.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

const PAGE = 'docs/reference/figures.md';

/** The machine of a measurement, such as `2 cores, AMD EPYC, Node v20.20.2`. */
export const machineName = (): string => {
  const [processor] = cpus();
  return `${cpus().length} cores, ${processor?.model.trim() ?? 'unknown'}, Node ${process.version}`;
};

export type Figures = {
  /** The name in the markers. */
  name: string;
  /** What a person types to measure again. */
  command: string;
  /** Markdown. */
  body: string;
};

/** The page with the block of `figures` replaced, or with one more at its end. */
export const withFigures = (page: string, { name, command, body }: Figures, date: string, machine: string): string => {
  const [begin, end] = [`<!-- figures: ${name} -->`, `<!-- end of figures: ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const block = `${begin}\n\nMeasured on ${date} by \`${command}\` (${machine}).\n\n${body.trim()}\n\n`;
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n## ${name}\n\n${block}${end}\n`;
  return page.slice(0, from) + block + page.slice(to);
};

/** The command of this process, with its own flags, for `Figures.command`. */
export const commandOf = (script: string): string => {
  const flags = process.argv.slice(2).filter((flag) => flag !== '--docs');
  return [`npm run ${script}`, ...(flags.length > 0 ? ['--', ...flags] : [])].join(' ');
};

export const writeFigures = async (figures: Figures): Promise<void> => {
  const date = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  await writeFile(PAGE, withFigures(await readFile(PAGE, 'utf8'), figures, date, machineName()));
  console.log(`${PAGE}: wrote the figures of ${figures.name}.`);
};

/** A Markdown table. The first row is its head. */
export const markdownTable = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...rest] = rows;
  return [head, head.map(() => '---'), ...rest].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};
