import { resolve } from 'node:path';
import { SessionKeeperPlugin } from 'session-keeper/webpack';

export default {
  mode: 'production',
  entry: './src/page.js',
  output: { path: resolve('public'), filename: 'page.js', publicPath: '/' },
  plugins: [new SessionKeeperPlugin()],
};
