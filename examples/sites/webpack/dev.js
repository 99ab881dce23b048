import webpack from 'webpack';
import WebpackDevServer from 'webpack-dev-server';
import config from './webpack.config.js';

const compiler = webpack({ ...config, mode: 'development' });
const server = new WebpackDevServer(
  {
    host: '127.0.0.1',
    port: 'auto',
    static: 'public',
    proxy: [{ context: ['/api'], target: process.env.BACKEND ?? 'http://localhost:4173' }],
  },
  compiler,
);
await server.start();
console.log(`http://localhost:${server.server.address().port}/`);
process.once('SIGTERM', () => server.stop().then(() => process.exit()));
