// The same page in three apps. Its addresses are relative, so each app asks its own API.
const show = (selector, text) => {
  document.querySelector(selector).textContent = text;
};

sessionKeeper.then((keeper) => {
  keeper.subscribe(({ session }) => {
    if (session.state === 'signed-out') show('#state', 'Signed out');
    else show('#state', session.user ? `Hello ${session.user.name}` : 'Starting');
  });
  document.querySelector('#sign-in').addEventListener('click', () => {
    const username = document.querySelector('#username').value;
    void keeper.signIn({ kind: 'password', username, password: 'pw' });
  });
  document.querySelector('#sign-out').addEventListener('click', () => void keeper.signOut());
  document.querySelector('#ask').addEventListener('click', async () => {
    show('output', 'asking');
    const response = await fetch('api/me');
    const { name = 'no user' } = await response.json();
    show('output', `whoami ${response.status} ${name}`);
  });
});
