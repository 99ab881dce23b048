/** One competitor of the bench. A peer joins by one more entry here, and a page module with the same functions. */
export type Subject = {
  readonly name: string;
  /** `floor`: does only a part of the work. `keeper`: this product, held to the targets. `peer`: another library. */
  readonly role: 'floor' | 'keeper' | 'peer';
  /** Source below `subjects` of its page, which calls `expose()` of page.ts. */
  readonly page: string;
  /**
   * Its worker: a source below `subjects`, or the built `keeper-sw.js`. The server bakes its configuration with the seal
   * into the served one. A site on a static host bakes it once, without a seal.
   */
  readonly worker: { source: string } | 'served keeper' | 'static keeper' | undefined;
  /** `oidc`: its token is bound to a key, so it signs each request, and the server checks the signature. */
  readonly signIn: 'password' | 'oidc';
  /** Whether it renews an access token that expired or that the backend refused. */
  readonly renews: boolean;
};

const floor = (name: string, others: Partial<Subject> = {}): Subject => ({
  name,
  role: 'floor',
  page: `${name}-page.ts`,
  worker: name === 'raw' ? undefined : { source: `${name}-worker.ts` },
  signIn: 'password',
  renews: false,
  ...others,
});

const keeper = (name: string, worker: 'served keeper' | 'static keeper', signIn: Subject['signIn']): Subject => ({
  name,
  role: 'keeper',
  page: 'keeper-page.ts',
  worker,
  signIn,
  renews: true,
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
];
