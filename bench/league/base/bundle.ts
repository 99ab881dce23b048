import { rolldown } from 'rolldown';

/** The script of an app, for browsers. `input`: its file. The built library stays outside, as on a site that loads it by its URL. */
export const bundleApp = async (input: string): Promise<string> => {
  const bundle = await rolldown({
    input,
    platform: 'browser',
    external: ['/keeper.js'],
    transform: { target: 'es2022' },
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  await bundle.close();
  return output[0].code;
};
