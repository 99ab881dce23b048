import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/cli.ts';
import { parseLab } from '../../cli/lab/lab-options.ts';
import { loadSignInModule } from '../../lab/site/sign-in-module.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-lab-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
  let [out, err] = ['', ''];
  const code = await main(['lab', ...args], {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    colours: false,
    progress: false,
    env: {},
  });
  return { code, out, err };
};

test('lists its scenarios', async () => {
  const { code, out } = await run('--list');
  expect(code).toBe(0);
  expect(out).toContain('refresh-answer-lost');
});

test.each([
  [['no address'], /Give one address/],
  [['ftp://a.example/'], /Give one address/],
  [['http://a.example/', '--seed', 'x'], /--seed x/],
  [['http://a.example/', '--report', 'pdf'], /--report pdf/],
  [['http://a.example/', '--engine', 'lynx'], /--engine lynx/],
  [['http://a.example/', '--user', 'me'], /needs a password/],
  [['http://a.example/', '--unknown'], /unknown/i],
])('refuses %j and says why', async (args, why) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toMatch(why);
});

test('says how to sign in when nothing says it', async () => {
  const { code, err } = await run('http://127.0.0.1:1/', '--scenario', 'reload');
  expect(code).toBe(2);
  expect(err).toContain('The lab cannot sign in');
  expect((await run('http://127.0.0.1:1/', '--scenario', 'absent')).err).toContain('There is no scenario "absent"');
});

test('reads its flags', () => {
  const parsed = parseLab(['http://a.example', '--scenario', 'reload,idle-*', '--report', 'junit'], {});
  expect(parsed).toMatchObject({
    type: 'run',
    command: { url: 'http://a.example/', scenarios: ['reload', 'idle-*'], reports: ['junit'], seed: 1 },
  });
});

const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

test('loads a sign-in module, and says what is wrong with another', async () => {
  const good = write('good.mjs', "export const signIn = async () => {}; export const proof = '/me';");
  expect(await loadSignInModule(good)).toMatchObject({ type: 'loaded', module: { proof: '/me' } });
  const none = write('none.mjs', 'export const other = 1;');
  expect(await loadSignInModule(none)).toMatchObject({
    type: 'problem',
    detail: `${none}: it must export a function signIn(page).`,
  });
  const wrong = write('wrong.mjs', 'export const signIn = () => {}; export const proof = 1;');
  expect(await loadSignInModule(wrong)).toMatchObject({ detail: `${wrong}: the export "proof" has the wrong type.` });
  expect((await loadSignInModule(join(folder, 'absent.mjs'))).type).toBe('problem');
});
