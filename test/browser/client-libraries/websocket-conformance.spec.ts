import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, openClient, test } from './clients.ts';

const DOCUMENT = 'docs/reference/keeper-socket.md';
const [BEGIN, END] = ['<!-- differences, written by the test -->', '<!-- end -->'];
/** A case that hangs ends with a result of its own, and does not delay the others. */
const CASE_WITHIN_MS = 15_000;
/** Chromium delays a socket by seconds while sixteen others open. */
const LANES = 6;

type Row = { name: string; native: string; ours: string };

const cell = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

const tableOf = (rows: readonly Row[], cases: number): string => {
  const different = rows.filter(({ native, ours }) => native !== ours);
  const lines = different.map(({ name, native, ours }) => `| ${name} | ${cell(native)} | ${cell(ours)} |`);
  return [
    `${cases - different.length} of ${cases} cases give the same. The others:`,
    '',
    '| Case | `WebSocket` | `KeeperSocket` |',
    '|---|---|---|',
    ...lines,
  ].join('\n');
};

type Ran = { rows: readonly Row[]; broken: Row };

const runCases = (page: Page): Promise<Ran> =>
  page.evaluate(
    async ([withinMs, lanes]) => {
      const { CASES, KeeperSocket } = window.libraries;
      const late = () => new Promise<string>((resolve) => setTimeout(() => resolve('nothing'), withinMs));
      const run = async (name: string, Socket: typeof WebSocket): Promise<string> => {
        try {
          return JSON.stringify(await Promise.race([CASES[name]?.(Socket), late()])) ?? 'undefined';
        } catch (error) {
          return String(error);
        }
      };
      const compare = async (name: string, Socket: typeof WebSocket): Promise<Row> => {
        const native = await run(name, WebSocket);
        return { name, native, ours: await run(name, Socket) };
      };
      const names = Object.keys(CASES);
      const rows: Row[] = [];
      const waiting = names.values();
      const lane = async (): Promise<void> => {
        for (const name of waiting) rows.push(await compare(name, KeeperSocket));
      };
      await Promise.all(Array.from({ length: lanes }, lane));
      class Broken extends KeeperSocket {
        override close(): void {
          super.close();
        }
      }
      const broken = await compare('close: a code and a reason', Broken);
      return { rows: rows.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name)), broken };
    },
    [CASE_WITHIN_MS, LANES] as const,
  );

test('behaves like the browser’s own WebSocket, but for the documented differences', async ({ page, site }) => {
  await openClient(page, site);
  const { rows, broken } = await runCases(page);
  // The control: the cases notice a broken class.
  expect(broken.ours).not.toBe(broken.native);
  // Each case must produce a result, and the results must differ.
  expect(rows.filter(({ native }) => native === '"nothing"' || native === 'undefined')).toEqual([]);
  expect(new Set(rows.map(({ native }) => native)).size).toBeGreaterThan(rows.length / 3);

  const table = tableOf(rows, rows.length);
  const document = await readFile(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = document.split(BEGIN);
  const [written = '', after = ''] = rest.split(END);
  if (process.env['WRITE_DOCS'] === '1') await writeFile(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
  else expect(table, `${DOCUMENT} says otherwise; WRITE_DOCS=1 writes it`).toBe(written.trim());
});
