import { connect } from 'session-keeper';
import { provideKeeper } from 'session-keeper/elements';

const keeper = await connect({ worker: '/sw.js' });
provideKeeper(keeper, document);

const show = (selector, text) => {
  document.querySelector(selector).textContent = text;
};
keeper.subscribe(({ session }) => {
  if (session.state === 'signed-out') show('#state', 'Signed out');
  else show('#state', session.user ? `Hello ${session.user.name}` : 'Starting');
});
document.querySelector('#sign-in').addEventListener('click', () => {
  void keeper.signIn({ kind: 'password', username: 'ann', password: 'pw' });
});
document.querySelector('#ask').addEventListener('click', async () => {
  const response = await fetch('/api/me');
  show('output', `whoami ${response.status}`);
});
