#!/usr/bin/env node
// `npm run serve`: the built server, without a compiler or a loader. Options are environment variables:
// docs/reference/environment.md.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const main = new URL('../dist/.server/server/main.js', import.meta.url);

/** @type {(message: string) => never} */
const fail = (message) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

if (major < 20 || (major === 20 && minor < 19))
  fail(`Session Keeper needs Node 20.19 or later. This is ${process.versions.node}.`);
if (!existsSync(main))
  fail(`There is no build: ${fileURLToPath(main)} is missing. Run "npm ci && npm run build" first.`);

if (!process.env.DIST_DIR && !process.argv.includes('--dev')) process.env.DIST_DIR = dist;
await import(main.href);
