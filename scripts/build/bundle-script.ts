import { rolldown } from 'rolldown';
import { bundleWorker } from './bundle-worker.ts';
import { filesFolder, inputOptions, type Defines, type ScriptBundle, type ScriptEntry } from './script-entry.ts';

/** Throws the bundler's own error when the source does not compile. */
export const bundleScript = async (
  root: string,
  entry: ScriptEntry,
  mode: 'development' | 'production',
  defines: Defines,
): Promise<ScriptBundle> => {
  if (entry.format === 'worker') return bundleWorker(root, entry, mode, defines);
  const production = mode === 'production';
  const bundle = await rolldown(inputOptions(root, entry, mode, defines));
  try {
    const { output } = await bundle.generate({
      format: 'es',
      minify: production,
      // Annotations such as `#__PURE__` help only another bundler, and cost the worker 80 B.
      comments: { annotation: false },
      sourcemap: production ? true : 'inline',
      entryFileNames: entry.file,
      ...(entry.groups && {
        codeSplitting: { groups: entry.groups.map((group, at, { length }) => ({ ...group, priority: length - at })) },
      }),
      chunkFileNames: `${filesFolder(entry)}/${entry.file.replace(/\.js$/, '')}-[name]-[hash].js`,
    });
    const modules = new Set(output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : [])));
    const files = output.map((file) => ({
      fileName: file.fileName,
      source: file.type === 'chunk' ? file.code : file.source,
    }));
    return { files, code: output[0].code, modules };
  } finally {
    await bundle.close();
  }
};
