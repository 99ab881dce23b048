import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noticeText } from '../../../server/data-folder/operator-notice.ts';
import { startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

/* A deploy: instances of the next build replace those of the build before, one after the other. */

const { dir, remove } = temporaryDir();
const folderOf = (build: string): string => join(dir, build);
const running = new Set<TestServer>();

beforeAll(() => {
  for (const build of ['old', 'next']) {
    mkdirSync(join(folderOf(build), 'assets'), { recursive: true });
    writeFileSync(join(folderOf(build), 'index.html'), `<!doctype html><title>${build}</title>`);
    writeFileSync(join(folderOf(build), 'sw.js'), `// worker of ${build}`);
    writeFileSync(join(folderOf(build), 'assets', `${build}.js`), `// ${build}`);
  }
});
afterAll(async () => {
  await Promise.all([...running].map((server) => server.stop()));
  remove();
});

const notices: string[] = [];
const start = async (build: 'old' | 'next', former?: string): Promise<TestServer> => {
  const server = await startTestServer({
    ...{ dataDir: dir, distDir: folderOf(build) },
    ...{ publicOrigin: 'https://app.example', publicIssuer: 'https://id.example' },
    formerDistDir: former === undefined ? undefined : folderOf(former),
    onNotice: (notice) => notices.push(noticeText(notice)),
  });
  running.add(server);
  return server;
};
const stop = async (server: TestServer): Promise<void> => {
  running.delete(server);
  await server.stop();
};

const textOf = async ({ call }: TestServer, path: string): Promise<string> => (await call(path)).text();
const buildOf = async (server: TestServer): Promise<string> => {
  const [page, worker] = [await textOf(server, '/'), await textOf(server, '/sw.js')];
  const [own] = ['old', 'next'].filter((build) => page.includes(build) && worker.includes(`worker of ${build}`));
  return own ?? 'mixed';
};
const builds = (servers: readonly TestServer[]): Promise<string[]> => Promise.all(servers.map(buildOf));

test('serves one build on all instances during a deploy, and changes when the last old one has gone', async () => {
  const [a, b] = [await start('old'), await start('old')];
  expect(await builds([a, b])).toEqual(['old', 'old']);
  await stop(a);
  const c = await start('next', 'old');
  expect(await builds([b, c]), 'the worker comes last').toEqual(['old', 'old']);
  expect(await textOf(b, '/sw.js'), 'the same bytes, so no browser updates').toBe(await textOf(c, '/sw.js'));
  expect((await c.call('/assets/old.js')).status, 'a page of the former build finds its files').toBe(200);
  expect((await c.call('/assets/next.js')).status).toBe(200);
  await stop(b);
  const d = await start('next', 'old');

  const seen: string[] = [];
  await expect
    .poll(
      async () => {
        const both = await builds([c, d]);
        seen.push(...both);
        return both;
      },
      { timeout: 30_000 },
    )
    .toEqual(['next', 'next']);
  const changes = seen.filter((build, at) => at > 0 && build !== seen[at - 1]).length;
  expect(changes, `one change, and at most one look in between: ${seen.join(' ')}`).toBeLessThanOrEqual(2);
  expect(await Promise.all([c, d].map((each) => textOf(each, '/assets/old.js')))).toEqual(['// old', '// old']);
  expect(notices).toEqual([]);

  // Back to the build before, in the same way.
  await stop(c);
  const e = await start('old', 'next');
  expect(await builds([d, e])).toEqual(['next', 'next']);
  await stop(d);
  await expect.poll(() => builds([e]), { timeout: 30_000 }).toEqual(['old']);
});

test('says so when an instance lacks the build of the fleet', async () => {
  await start('old');
  const lonely = await start('next');
  expect(await buildOf(lonely)).toBe('next');
  await expect.poll(() => notices).toContainEqual(expect.stringContaining('FORMER_DIST_DIR'));
});
