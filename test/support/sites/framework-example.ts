import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, start } from '../../../scripts/process/run.ts';
import { embeddingConfig, keeperScript, startEmbeddingSite, type EmbeddingSite } from './embedding-site.ts';

/** Paths of the examples, for which the server of a single-page app gives its document. */
const ROUTES = ['/inbox', '/admin', '/sign-in'];

/** Builds an example of a framework and serves it beside the worker, with an API of its own. */
export const startFrameworkExample = async (name: string): Promise<EmbeddingSite> => {
  const folder = await mkdtemp(join(tmpdir(), `keeper-${name}-`));
  const args = ['build', join('examples', name), '--outDir', folder, '--emptyOutDir', '--logLevel', 'error'];
  const code = await ended(start('vite', args));
  if (code !== 0) throw new Error(`vite ${args.join(' ')} ended with ${code}.`);
  await cp('dist/assets', join(folder, 'assets'), { recursive: true });
  await cp('dist/keeper-pulse.js', join(folder, 'keeper-pulse.js'));
  const site = await startEmbeddingSite({ folder });
  site.serve('/sw.js', await keeperScript(embeddingConfig('/', { claims: ['roles'] })));
  for (const route of ROUTES) site.serve(route, await readFile(join(folder, 'index.html'), 'utf8'));
  return {
    ...site,
    async stop() {
      await site.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
