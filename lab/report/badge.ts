import { countResults, type LabReport } from '../results/result.ts';

const LABEL = 'session lab';
const GOOD = '#2f7d4f';
const FAIR = '#a86a10';
const BAD = '#b3372e';
/** Width of a character in Verdana of 11 pixels, at a guess that shields.io uses too. */
const CHARACTER_WIDTH = 6.6;
const PADDING = 12;
const FAIR_FROM = 0.8;

const widthOf = (text: string): number => Math.round(text.length * CHARACTER_WIDTH) + PADDING;

/** A picture for a README: "kept 38 of 40". */
export const badge = ({ results }: LabReport): string => {
  const { kept, run } = countResults(results);
  const text = `kept ${kept} of ${run}`;
  const share = run === 0 ? 0 : kept / run;
  const colour = share === 1 ? GOOD : share >= FAIR_FROM ? FAIR : BAD;
  const [left, right] = [widthOf(LABEL), widthOf(text)];
  const label = (x: number, content: string): string =>
    `<text x="${x}" y="14" text-anchor="middle" fill="#fff" font-family="Verdana,Geneva,sans-serif" font-size="11">${content}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${LABEL}: ${text}">`,
    `<title>${LABEL}: ${text}</title>`,
    `<clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath>`,
    `<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#444"/><rect x="${left}" width="${right}" height="20" fill="${colour}"/></g>`,
    label(left / 2, LABEL),
    label(left + right / 2, text),
    '</svg>',
    '',
  ].join('\n');
};
