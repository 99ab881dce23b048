import { useState } from 'react';
import { SessionGate, useKeeper, useSession } from 'session-keeper/react';

const SignIn = () => {
  const keeper = useKeeper();
  const signIn = (form) =>
    keeper.signIn({
      kind: 'password',
      username: String(form.get('username')),
      password: String(form.get('password')),
    });
  return (
    <form action={(form) => void signIn(form)}>
      <p>Signed out</p>
      <input name="username" defaultValue="ann" />
      <input name="password" type="password" defaultValue="pw" />
      <button>Sign in</button>
    </form>
  );
};

const Home = () => {
  const keeper = useKeeper();
  const session = useSession();
  const [answer, setAnswer] = useState('');
  const ask = () => void fetch('/api/me').then((response) => setAnswer(`whoami ${response.status}`));
  return (
    <main>
      <p>Hello {'user' in session ? session.user?.name : ''}</p>
      <button onClick={ask}>Ask</button>
      <output>{answer}</output>
      <button onClick={() => void keeper.signOut()}>Sign out</button>
    </main>
  );
};

export const App = () => (
  <SessionGate restoring={<p>Starting</p>} signedOut={<SignIn />}>
    <Home />
  </SessionGate>
);
