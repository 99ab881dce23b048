import { readFileSync } from 'node:fs';
import { ROOT_DOCUMENTS } from '../../scripts/docs/site/links.ts';

/** The documents of the repository's root. GitHub looks for them there, so the site takes their text. */
export default {
  paths: () =>
    Object.entries(ROOT_DOCUMENTS).map(([file, document]) => ({
      params: { document },
      content: readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'),
    })),
};
