/** One competitor of the bench. A peer joins by one more entry here, and a page module with the same functions. */
export type Subject = {
  readonly name: string;
  /** `floor`: does only a part of the work. `keeper`: this product, held to the targets. `peer`: another library. */
  readonly role: 'floor' | 'keeper' | 'peer';
  /** Source below `subjects` of its page, which calls `expose()` of page.ts. */
  readonly page: string;
  /**
   * Its worker: a source below `subjects`, a file of its package, or the built `keeper-sw.js`. The server bakes its configuration with the seal
   * into the served one. A site on a static host bakes it once, without a seal.
   */
  readonly worker: { source: string } | { library: string } | 'served keeper' | 'static keeper' | undefined;
  /**
   * `oidc`: its token is bound to a key, so it signs each request, and the server checks the signature. `bearer`: at a
   * provider of its own without DPoP, which not all peers speak.
   */
  readonly signIn: 'password' | 'oidc' | 'bearer';
  /** Whether it renews an access token that expired or that the backend refused. */
  readonly renews: boolean;
  /** Whether the session is there again after its worker was stopped. */
  readonly survivesStop: boolean;
};

const floor = (name: string, others: Partial<Subject> = {}): Subject => ({
  name,
  role: 'floor',
  page: `${name}-page.ts`,
  worker: name === 'raw' ? undefined : { source: `${name}-worker.ts` },
  signIn: 'password',
  renews: false,
  survivesStop: true,
  ...others,
});

const keeper = (name: string, worker: 'served keeper' | 'static keeper', signIn: Subject['signIn']): Subject => ({
  name,
  role: 'keeper',
  page: 'keeper-page.ts',
  worker,
  signIn,
  renews: true,
  survivesStop: true,
});

const peer = (name: string, others: Partial<Subject> = {}): Subject => ({
  name,
  role: 'peer',
  page: `peers/${name}-page.ts`,
  worker: undefined,
  signIn: 'bearer',
  renews: true,
  survivesStop: true,
  ...others,
});

export const SUBJECTS: readonly Subject[] = [
  floor('raw'),
  floor('pass-through'),
  floor('minimal'),
  floor('signed', { signIn: 'oidc' }),
  floor('sketch', { renews: true }),
  keeper('compatible', 'static keeper', 'password'),
  keeper('bound', 'static keeper', 'oidc'),
  keeper('sealed', 'served keeper', 'password'),
  keeper('bearer', 'static keeper', 'bearer'),
  peer('oidc-client-ts'),
  // Its worker keeps the tokens in a variable (OidcServiceWorker.ts, `const database`).
  peer('axa', {
    worker: { library: '@axa-fr/oidc-client-service-worker/dist/OidcServiceWorker.js' },
    survivesStop: false,
  }),
  peer('wrapper', { signIn: 'password' }),
];
