import { createApp } from 'vue';
import { createKeeperSource, keeperPlugin } from 'session-keeper/vue';
import App from './App.vue';

const source = createKeeperSource({ worker: '/sw.js' });
createApp(App).use(keeperPlugin(source)).mount('#root');
