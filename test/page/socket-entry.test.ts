import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import * as page from '../../src/page/index.ts';
import * as socket from '../../src/page/socket.ts';

/* `session-keeper/socket`. What its class does is in keeper-socket.test.ts: it is the same one. */

const MAX_FIRST_BYTES = 1_000;

test('is the class of the page library, so connect() serves its sockets', () => {
  expect(socket.KeeperSocket).toBe(page.KeeperSocket);
  expect(socket.installGlobal).toBe(page.installGlobal);
  expect(Object.keys(socket).toSorted()).toEqual(['KeeperSocket', 'installGlobal']);
});

test('says what to call when a socket is created too early', () => {
  expect(() => new socket.KeeperSocket('/echo')).toThrow('connect() or installGlobal() first');
});

test('brings its class at once, the sockets late, and nothing of the page library', async () => {
  const bundle = await rolldown({ input: 'src/page/socket.ts', platform: 'browser', cwd: process.cwd() });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  expect(modules.filter((id) => /src\/page\/(?:connect|client|keeper|in-page|connection)\b/.test(id))).toEqual([]);
  expect(modules.some((id) => id.includes('src/page/realtime/socket-hub'))).toBe(true);
  const [{ code, imports }] = output;
  expect(imports).toEqual([]);
  expect(gzipSync(code).length).toBeLessThan(MAX_FIRST_BYTES);
});
