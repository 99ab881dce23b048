import type { VerdictCounts } from '../../lab/results/result.ts';

type Bar = VerdictCounts & { name: string };

const [ROW, LABEL, GAP, BAR, END] = [34, 150, 8, 400, 90];
/** The width of a letter at this size in the fonts of the systems, at most on average (px). */
const LETTER = 8.5;
const COLOURS = [
  ['kept', '#2f9e6e'],
  ['disturbed', '#d99a2b'],
  ['lost', '#c4453c'],
] as const;

/** One bar for each app: what it kept, what disturbed its user, and what it lost. Readable on light and dark pages. */
export const plotOf = (bars: readonly Bar[]): string => {
  const label = Math.max(LABEL, ...bars.map(({ name }) => Math.ceil(name.length * LETTER) + GAP));
  const most = Math.max(1, ...bars.map(({ run }) => run));
  const rows = bars.map((bar, index) => {
    const y = 36 + index * ROW;
    let x = label;
    const pieces = COLOURS.map(([kind, colour]) => {
      const width = Math.round((bar[kind] / most) * BAR);
      const piece = `<rect x="${x}" y="${y}" width="${width}" height="20" fill="${colour}"/>`;
      x += width;
      return piece;
    });
    return `<text x="${label - GAP}" y="${y + 15}" text-anchor="end">${bar.name}</text>${pieces.join('')}<text x="${x + GAP}" y="${y + 15}">${bar.kept} of ${bar.run}</text>`;
  });
  const legend = COLOURS.map(
    ([kind, colour], index) =>
      `<rect x="${label + index * 110}" y="8" width="12" height="12" fill="${colour}"/><text x="${label + 18 + index * 110}" y="19">${kind}</text>`,
  );
  const height = 44 + bars.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${label + BAR + END} ${height}" role="img" aria-label="Scenarios that each app kept" font-family="system-ui, sans-serif" font-size="14" fill="#808890">${legend.join('')}${rows.join('')}</svg>\n`;
};
