import { describe, expect, test } from 'vitest';
import { createOpaqueTokens, TooManyUnknownTokens } from '../../../server/auth/opaque-tokens.ts';

const HOME = '192.0.2.1';
const BURST = 10;

const createTokens = () => {
  let now = 0;
  let questions = 0;
  const tokens = createOpaqueTokens<string>(() => now);
  return {
    questions: () => questions,
    advance: (ms: number) => (now += ms),
    verify: (token: string, address = HOME) =>
      tokens.verify(token, address, async () => {
        questions += 1;
        return token.startsWith('good') ? `owner of ${token}` : undefined;
      }),
  };
};

describe('tokens that only the provider can read', () => {
  test('cost one question in five seconds when they are valid', async () => {
    const { verify, questions, advance } = createTokens();
    for (let n = 0; n < 10; n += 1) expect(await verify('good')).toBe('owner of good');
    expect(questions()).toBe(1);
    advance(5_001);
    await verify('good');
    expect(questions()).toBe(2);
  });

  test('cost one question when many requests bring the same one at once', async () => {
    const { verify, questions } = createTokens();
    expect(await Promise.all(Array.from({ length: 50 }, () => verify('good')))).toContain('owner of good');
    expect(questions()).toBe(1);
  });

  test('cost one question a minute in the end when they are invented [invented-tokens]', async () => {
    const { verify, questions, advance } = createTokens();
    const flood = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) await verify(`junk ${questions()} ${n}`).catch(() => undefined);
    };
    await flood();
    expect(questions()).toBe(BURST);
    for (let minute = 1; minute <= 5; minute += 1) {
      advance(60_000);
      await flood();
      expect(questions()).toBe(BURST + minute);
    }
  });

  test('are refused with a wait when the address sent too many unknown ones', async () => {
    const { verify } = createTokens();
    for (let n = 0; n < BURST; n += 1) await verify(`junk ${n}`);
    const error = await verify('good of a stranger').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(TooManyUnknownTokens);
    expect(error).toMatchObject({ waitSeconds: 60 });
    expect(await verify('good', '192.0.2.2')).toBe('owner of good');
  });

  test('stay valid under a flood from their own address', async () => {
    const { verify, advance } = createTokens();
    await verify('good');
    for (let n = 0; n < 2 * BURST; n += 1) await verify(`junk ${n}`).catch(() => undefined);
    advance(5_001);
    expect(await verify('good')).toBe('owner of good');
  });

  test('are all answered when many people behind one address sign in at once [many-at-once]', async () => {
    const { verify } = createTokens();
    const owners = await Promise.all(Array.from({ length: 5 * BURST }, (_, n) => verify(`good ${n}`)));
    expect(owners).toEqual(Array.from({ length: 5 * BURST }, (_, n) => `owner of good ${n}`));
  });

  test('are refused together when they are invented and come at once', async () => {
    const { verify, questions } = createTokens();
    const answers = await Promise.allSettled(Array.from({ length: 5 * BURST }, (_, n) => verify(`junk ${n}`)));
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(4 * BURST);
    expect(questions()).toBe(BURST);
  });

  test('do not use up the questions of an address when they are valid', async () => {
    const { verify, questions } = createTokens();
    for (let n = 0; n < 100; n += 1) expect(await verify(`good ${n}`)).toBe(`owner of good ${n}`);
    expect(questions()).toBe(100);
  });
});
