import { connect } from '/keeper.js';

const keeper = await connect({ worker: '/keeper-sw.js' });
const find = (selector) => document.querySelector(selector);

keeper.subscribe(({ session, tier }) => {
  const isOut = session.state === 'signed-out';
  find('[role=status]').textContent = isOut ? 'Signed out' : `${session.user?.name ?? 'Signed in'}, ${tier}`;
  find('form').hidden = !isOut;
  find('#hello').hidden = find('#sign-out').hidden = isOut;
});
find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  keeper.signIn({ kind: 'password', username, password });
});
find('#hello').addEventListener('click', () => fetch('/api/hello', { method: 'POST' }));
find('#sign-out').addEventListener('click', () => keeper.signOut());

for await (const { data } of keeper.channel('inbox')) {
  const item = document.createElement('li');
  item.textContent = data.text;
  find('ul').append(item);
}
