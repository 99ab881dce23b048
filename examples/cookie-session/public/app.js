import { connect } from '/keeper.js';

const keeper = await connect({ worker: '/keeper-sw.js' });
const find = (selector) => document.querySelector(selector);

keeper.subscribe(({ session, tier }) => {
  const isOut = session.state === 'signed-out';
  find('[role=status]').textContent = isOut ? 'Signed out' : `${session.user?.name ?? 'Signed in'}, ${tier}`;
  find('form').hidden = !isOut;
  find('#sign-out').hidden = isOut;
});
find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  keeper.signIn({ kind: 'ticket', username, password });
});
find('#sign-out').addEventListener('click', () => keeper.signOut());
