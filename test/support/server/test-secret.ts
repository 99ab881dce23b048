/** `KEEPER_SECRET` of test servers. Without it, the server would write a key file beside each temporary data folder. */
export const TEST_SECRET = 'a secret of the tests, of more than 32 characters';
