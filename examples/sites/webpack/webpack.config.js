import { resolve } from 'node:path';

export default {
  mode: 'production',
  entry: './src/page.js',
  output: { path: resolve('public'), filename: 'page.js', publicPath: '/' },
};
