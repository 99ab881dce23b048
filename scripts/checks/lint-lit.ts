/** Checks the templates of the elements against the elements' own types, strictly (`lit-analyzer`). */
import { createRequire } from 'node:module';

const ours = createRequire(import.meta.url);
const analyzer = createRequire(ours.resolve('lit-analyzer'));
const library = createRequire(analyzer.resolve('web-component-analyzer'));

// lit-analyzer requires `typescript`. It would get this project's TypeScript 7, which has no JavaScript API
// (https://github.com/microsoft/typescript-go). So it gets the older one that its own dependency brings.
const wanted = analyzer.resolve('typescript');
library('typescript');
ours.cache[wanted] = ours.cache[library.resolve('typescript')];

// src/app/views.ts imports an element that loads later, not the template that names it.
process.argv.push('--strict', '--rules.no-missing-import', 'off', '--maxWarnings', '0', 'src');
ours('lit-analyzer/cli.js');
