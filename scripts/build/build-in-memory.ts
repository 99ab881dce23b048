import { build, type InlineConfig, type Rollup } from 'vite';

/**
 * What Vite builds of the inputs, without a file of its configuration and without output on disk. Vite reads NODE_ENV,
 * and writes it into the environment of this process (https://vite.dev/guide/env-and-mode). A later `npm install` with
 * `production` there leaves out the packages of `devDependencies`. So `mode` decides here, and the old value comes back.
 */
export const buildInMemory = async (config: InlineConfig): Promise<Rollup.RollupOutput> => {
  const { NODE_ENV } = process.env;
  process.env['NODE_ENV'] = config.mode ?? 'production';
  try {
    const options = { ...config.build, write: false, target: 'es2022' } as const;
    return (await build({ ...config, configFile: false, logLevel: 'error', build: options })) as Rollup.RollupOutput;
  } finally {
    if (NODE_ENV === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = NODE_ENV;
  }
};
