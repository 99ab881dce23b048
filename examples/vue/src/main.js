import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import { createKeeperSource, keeperPlugin, requireSession } from 'session-keeper/vue';
import App from './App.vue';
import Home from './Home.vue';
import Inbox from './Inbox.vue';
import SignIn from './SignIn.vue';

const source = createKeeperSource({ worker: '/sw.js' });
const signIn = '/sign-in';

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Home },
    { path: signIn, component: SignIn },
    { path: '/inbox', component: Inbox, beforeEnter: requireSession(source, { signIn }) },
    { path: '/admin', component: Inbox, beforeEnter: requireSession(source, { signIn, role: 'admin' }) },
  ],
});

createApp(App).use(keeperPlugin(source)).use(router).mount('#root');
