/** Checks the templates of the elements against the elements' own types, strictly (`lit-analyzer`). */
import { createRequire } from 'node:module';

const ours = createRequire(import.meta.url);
const analyzer = createRequire(ours.resolve('lit-analyzer'));
const library = createRequire(analyzer.resolve('web-component-analyzer'));

// It asks for a compiler that it does not bring, and gets this project's: TypeScript 7, which cannot be called from
// JavaScript (https://github.com/microsoft/typescript-go). The one that its library brings can.
const wanted = analyzer.resolve('typescript');
library('typescript');
ours.cache[wanted] = ours.cache[library.resolve('typescript')];

// An element that comes later is imported by whoever shows it (src/app/views.ts), not by the template that names it.
process.argv.push('--strict', '--rules.no-missing-import', 'off', '--maxWarnings', '0', 'src');
ours('lit-analyzer/cli.js');
