'use client';

import { useEffect, useState, type FormEvent } from 'react';
import { connect, type Keeper, type Snapshot } from 'session-keeper';

/** `connect()` gives each caller the same keeper, so StrictMode's second effect is harmless. */
const useKeeper = (): { keeper: Keeper; snapshot: Snapshot } | undefined => {
  const [known, setKnown] = useState<{ keeper: Keeper; snapshot: Snapshot }>();
  useEffect(() => {
    const leaving = new AbortController();
    let stop = (): void => {};
    void connect({ worker: '/sw.js' }).then((keeper) => {
      if (!leaving.signal.aborted) stop = keeper.subscribe((snapshot) => setKnown({ keeper, snapshot }));
    });
    return () => {
      leaving.abort();
      stop();
    };
  }, []);
  return known;
};

export default function App() {
  const known = useKeeper();
  const [answer, setAnswer] = useState('');
  if (!known) return <p>Starting</p>;
  const { keeper, snapshot } = known;
  const { session } = snapshot;
  const signIn = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void keeper.signIn({ kind: 'password', username: 'ann', password: 'pw' });
  };
  if (session.state === 'signed-out')
    return (
      <form onSubmit={signIn}>
        <p>Signed out</p>
        <button>Sign in</button>
      </form>
    );
  const ask = () => void fetch('/api/me').then((response) => setAnswer(`whoami ${response.status}`));
  return (
    <main>
      <p>{session.state === 'starting' ? 'Starting' : `Hello ${session.user?.name}`}</p>
      <button onClick={ask}>Ask</button>
      <output>{answer}</output>
      <button onClick={() => void keeper.signOut()}>Sign out</button>
    </main>
  );
}
