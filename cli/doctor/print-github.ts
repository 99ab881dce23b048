import type { Report } from './doctor.ts';

/** A workflow command (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands). */
export const annotation = (level: 'error' | 'warning', title: string, message: string): string => {
  const escaped = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return `::${level} title=${title.replaceAll(/[:,%\r\n]/g, ' ')}::${escaped}\n`;
};

/** An annotation for each failure and each warning. */
export const printAnnotations = ({ url, checks }: Report): string =>
  checks
    .map((checked) => {
      if (checked.verdict !== 'fail' && checked.verdict !== 'warn') return '';
      const level = checked.verdict === 'fail' ? 'error' : 'warning';
      return annotation(level, checked.title, `${url}: ${checked.found}\n${checked.why}\n${checked.fix}`);
    })
    .join('');
