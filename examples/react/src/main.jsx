import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Link, Outlet, useNavigate, useSearchParams } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import {
  createKeeperSource,
  KeeperProvider,
  requireSession,
  SessionGate,
  SignedIn,
  SignedOut,
  useKeeper,
  useSession,
} from 'session-keeper/react';

const source = createKeeperSource({ worker: '/sw.js' });

const Name = () => {
  const session = useSession({ suspend: true });
  return <output>{session.user?.name ?? 'No one'}</output>;
};

const Layout = () => {
  const keeper = useKeeper();
  return (
    <>
      <Suspense fallback={<output>Starting</output>}>
        <Name />
      </Suspense>
      <nav>
        <Link to="/inbox">Inbox</Link> <Link to="/admin">Admin</Link>
      </nav>
      <SignedIn>
        <button onClick={() => keeper.signOut()}>Sign out</button>
      </SignedIn>
      <SignedIn role="editor">
        <p>You may edit.</p>
      </SignedIn>
      <Outlet />
    </>
  );
};

const SignIn = () => {
  const keeper = useKeeper();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const submit = async (event) => {
    event.preventDefault();
    const result = await keeper.signIn({ kind: 'password', username: 'ann', password: 'pw' });
    if (result.ok) await navigate(query.get('returnTo') ?? '/');
  };
  return (
    <form onSubmit={submit}>
      <button>Sign in</button>
    </form>
  );
};

const Home = () => (
  <SignedOut>
    <p>You are signed out.</p>
  </SignedOut>
);

const Inbox = () => (
  <SessionGate restoring="One moment." signedOut="Signed out">
    <h1>Your inbox</h1>
  </SessionGate>
);

const router = createBrowserRouter([
  {
    element: <Layout />,
    errorElement: <p>You may not see this.</p>,
    children: [
      { path: '/', element: <Home /> },
      { path: '/sign-in', element: <SignIn /> },
      { path: '/inbox', element: <Inbox />, loader: requireSession(source, { signIn: '/sign-in' }) },
      {
        path: '/admin',
        element: <h1>Admin</h1>,
        loader: requireSession(source, { signIn: '/sign-in', role: 'admin' }),
      },
    ],
  },
]);

createRoot(document.querySelector('#root')).render(
  <StrictMode>
    <KeeperProvider source={source}>
      <RouterProvider router={router} />
    </KeeperProvider>
  </StrictMode>,
);
