/** What the page of each subject offers to the bench. */
export type SubjectPage = {
  /** Signs in the demo user. It may leave the page. */
  signIn(): Promise<void>;
  /** Resolves with the status of one authorized request. Needs no `start()`. */
  request(): Promise<number>;
  /** Resolves when the backend has confirmed the session to this page. Rejects when there is none. */
  start(): Promise<void>;
};

/** `origin` and `at` are in ms: `performance.timeOrigin`, and the time since then. */
export type Report =
  | { type: 'idle' }
  | { type: 'verified'; origin: number; at: number }
  | { type: 'failed'; why: string };

/** The page of this search does not start its subject. */
export const IDLE = '?idle';

/** The bench makes this function. It needs no question to the page, which would disturb what it measures. */
const report = (what: Report): void => {
  const scope = globalThis as { report?: (payload: string) => void };
  scope.report?.(JSON.stringify(what));
};

/** Makes the subject known to the bench, and starts it. */
export const expose = (subject: SubjectPage): void => {
  Object.assign(globalThis, { subject });
  if (location.search === IDLE) return report({ type: 'idle' });
  subject.start().then(
    () => {
      const { startTime: at } = performance.mark('verified');
      report({ type: 'verified', origin: performance.timeOrigin, at });
    },
    (error: unknown) => report({ type: 'failed', why: String(error) }),
  );
};

export const DEMO = { username: 'demo', password: 'demo' };
/** The request of each measure. */
export const WHOAMI = '/api/v1/auth/whoami';

export const request = async (init?: RequestInit): Promise<number> => {
  const response = await fetch(WHOAMI, init);
  await response.text();
  return response.status;
};

const expectOk = async (status: Promise<number>): Promise<void> => {
  if ((await status) !== 200) throw new Error(`The backend answered ${await status}.`);
};

/** The worker that controls this page, after it registered the script that its document names. */
const controller = async (): Promise<ServiceWorker> => {
  const container = navigator.serviceWorker;
  void container.register(document.documentElement.dataset['worker'] ?? '');
  if (!container.controller)
    await new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }));
  const { controller: worker } = container;
  if (!worker) throw new Error('No worker controls the page.');
  return worker;
};

/** Sends a message to the worker, and resolves with its answer. */
export const askWorker = async (message: unknown): Promise<unknown> => {
  const worker = await controller();
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.addEventListener('message', ({ data }) => resolve(data), { once: true });
    port1.start();
  });
  worker.postMessage(message, [port2]);
  return answer;
};

export const login = async (): Promise<string> => {
  const response = await fetch('/api/v1/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(DEMO),
  });
  return ((await response.json()) as unknown as { access_token: string }).access_token;
};

/** A page that puts its own token on its requests. */
export const ownToken = (signInWith: (login: () => Promise<string>) => Promise<string>): SubjectPage => {
  const authorized = (): Promise<number> =>
    request({ headers: { authorization: `Bearer ${sessionStorage.getItem('token') ?? ''}` } });
  return {
    signIn: async () => sessionStorage.setItem('token', await signInWith(login)),
    request: authorized,
    start: () => expectOk(authorized()),
  };
};

/** A page whose worker authorizes its requests. `credentials`: what the worker gets at sign-in. */
export const tokenInWorker = (credentials: () => Promise<unknown>): SubjectPage => ({
  signIn: async () => void (await askWorker(await credentials())),
  request,
  start: async () => {
    await controller();
    await expectOk(request());
  },
});

/** Resolves when a worker controls the page. */
export const controlled = async (): Promise<void> => void (await controller());
