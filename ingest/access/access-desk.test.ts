import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { AccessDesk } from './access-desk.ts';
import type { AuditEntry } from './audit.ts';

const HOUR_MS = 3_600_000;
const EVERYTHING = { role: 'administrator', sites: 'all', links: 'all' } as const;
const FARM = { role: 'operator', sites: ['farm'], links: [] } as const;
const GOOD = 'four-cows-under-a-bridge';
const BETTER = 'five-cows-over-the-moon';
const HERE = '10.0.0.1';

function setUp({
  folder = temporaryFolder(),
  clock = new FakeClock(),
  given = undefined as string | undefined,
} = {}) {
  const entries: AuditEntry[] = [];
  const told: string[][] = [];
  const desk = new AccessDesk({
    ...{ folder, clock, audit: { record: (entry) => void entries.push(entry) } },
    limits: { idleMs: 24 * HOUR_MS, mostMs: 72 * HOUR_MS },
    first: { password: () => given, tell: (...words) => void told.push(words) },
  });
  onTestFinished(() => desk.stop());
  return { desk, clock, entries, told, folder };
}

async function started(options: Parameters<typeof setUp>[0] = {}) {
  const all = setUp({ given: GOOD, ...options });
  await all.desk.start();
  await all.desk.addAccount('admin', 'wang', FARM, GOOD);
  return all;
}

const refused = (code: string) => expect.objectContaining({ code });

describe('the first start', () => {
  it('makes an administrator and tells the password, once', async () => {
    const { desk, told, entries, folder } = setUp();
    await desk.start();
    const [[name, password]] = told as [[string, string]];
    const { me } = await desk.signIn(name, password, HERE);
    expect(me).toMatchObject({
      identity: { name: 'admin', role: 'administrator', sites: 'all' },
      isGiven: true,
    });
    expect(JSON.stringify(entries)).not.toContain(password);
    expect(readFileSync(join(folder, 'accounts.db-wal'), 'latin1')).not.toContain(password);
    await desk.stop();
    await desk.start();
    expect(told).toHaveLength(1);
  });

  it('takes a password that is given, and tells none', async () => {
    const { desk, told } = setUp({ given: GOOD });
    await desk.start();
    expect(told).toEqual([]);
    await desk.signIn('admin', GOOD, HERE);
  });
});

describe('a session', () => {
  it('stands for its account, after a restart too, as the account is now', async () => {
    const { desk } = await started();
    const { secret } = await desk.signIn('wang', GOOD, HERE);
    await desk.stop();
    await desk.start();
    expect(desk.ofSession(secret)?.identity).toEqual({ name: 'wang', kind: 'person', ...FARM });
    desk.changeAccount('admin', 'wang', { ...FARM, role: 'viewer' });
    expect(desk.ofSession(secret)?.may).toEqual(['read']);
  });

  it.each([
    ['signed out', ({ desk }, secret) => desk.signOut(secret)],
    ['disabled', ({ desk }) => void desk.changeAccount('admin', 'wang', { ...FARM, disabled: true })],
    ['removed', ({ desk }) => void desk.removeAccount('admin', 'wang')],
    ['given a new password', async ({ desk }) => void (await desk.resetPassword('admin', 'wang'))],
    [
      'changed its password elsewhere',
      async ({ desk }) => void (await desk.changePassword('wang', GOOD, BETTER, HERE)),
    ],
    ['unused for a day', ({ clock }) => clock.advance(24 * HOUR_MS)],
  ] as [string, (all: Awaited<ReturnType<typeof started>>, secret: string) => void | Promise<void>][])(
    'ends when the account has been %s',
    async (_, act) => {
      const all = await started();
      const { secret } = await all.desk.signIn('wang', GOOD, HERE);
      await act(all, secret);
      expect(all.desk.ofSession(secret)).toBeUndefined();
    },
  );

  it('ends after some days even where it is used, and lives on where it is', async () => {
    const { desk, clock } = await started();
    const { secret } = await desk.signIn('wang', GOOD, HERE);
    for (let hour = 0; hour < 71; hour++) {
      await clock.advance(HOUR_MS);
      expect(desk.ofSession(secret)).toBeDefined();
    }
    await clock.advance(HOUR_MS);
    expect(desk.ofSession(secret)).toBeUndefined();
  });

  it('lasts no longer for a clock that was a year ahead when it began', async () => {
    const { desk, clock } = await started();
    clock.stepWall(365 * 24 * HOUR_MS);
    const { secret } = await desk.signIn('wang', GOOD, HERE);
    clock.stepWall(-365 * 24 * HOUR_MS);
    expect(desk.ofSession(secret)).toBeDefined();
    await clock.advance(24 * HOUR_MS);
    expect(desk.ofSession(secret)).toBeUndefined();
  });

  it('gives way to newer ones when there are twenty', async () => {
    const { desk, clock } = await started();
    const secrets: string[] = [];
    for (let i = 0; i < 21; i++) {
      secrets.push((await desk.signIn('wang', GOOD, HERE)).secret);
      await clock.advance(1);
    }
    expect(secrets.map((secret) => desk.ofSession(secret) !== undefined)).toEqual([
      false,
      ...Array(20).fill(true),
    ]);
  });

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(100_000)])('is none of what is made up', async (secret) => {
    const { desk } = await started();
    expect(desk.ofSession(secret)).toBeUndefined();
  });

  it('is nowhere on the disk', async () => {
    const { desk, folder } = await started();
    const { secret } = await desk.signIn('wang', GOOD, HERE);
    const { secret: token } = desk.addToken('admin', { ...FARM, name: 'grafana' });
    for (const end of ['', '-wal']) {
      const bytes = readFileSync(join(folder, `accounts.db${end}`), 'latin1');
      for (const one of [secret, token, GOOD]) expect(bytes).not.toContain(one);
    }
  });
});

describe('signing in', () => {
  it.each([
    ['a wrong password', 'wang', BETTER],
    ['a name that nobody has', 'li', GOOD],
    ['an account that is disabled', 'off', GOOD],
  ])('refuses %s, in the same words', async (_, name, password) => {
    const { desk } = await started();
    await desk.addAccount('admin', 'off', { ...FARM, disabled: true }, GOOD);
    await expect(desk.signIn(name, password, HERE)).rejects.toThrow(refused('SIGN_IN_REFUSED'));
  });

  it('counts failures by address, so that nobody can lock out another', async () => {
    const { desk, clock, entries } = await started();
    for (let i = 0; i < 10; i++)
      await expect(desk.signIn('wang', `wrong-${i}-wrong`, HERE)).rejects.toThrow(refused('SIGN_IN_REFUSED'));
    await expect(desk.signIn('wang', GOOD, HERE)).rejects.toThrow(refused('SIGN_IN_TOO_OFTEN'));
    await desk.signIn('wang', GOOD, '10.0.0.2');
    await clock.advance(60_000);
    await desk.signIn('wang', GOOD, HERE);
    expect(entries.filter(({ action }) => action === 'session.refused')).toHaveLength(11);
  });

  it('fills no disk with entries of somebody who signs in again and again', async () => {
    const { desk, clock, entries } = await started();
    const again = () => desk.signIn('wang', GOOD, HERE);
    for (let i = 0; i < 60; i++) await again();
    const before = entries.length;
    await expect(again()).rejects.toThrow(refused('SIGN_IN_TOO_OFTEN'));
    expect(entries).toHaveLength(before);
    await desk.signIn('admin', GOOD, HERE);
    await clock.advance(60_000);
    await again();
    await expect(again()).rejects.toThrow(refused('SIGN_IN_TOO_OFTEN'));
  });

  it('takes the name in any case, and the password as any keyboard makes it', async () => {
    const { desk } = await started();
    await desk.addAccount('admin', 'Zoë', FARM, 'crème-brûlée-au-four');
    await desk.signIn('ZOE\u0308', 'crème-brûlée-au-four'.normalize('NFD'), HERE);
  });

  it('does not put on record what may be a password in the wrong field', async () => {
    const { desk, entries } = await started();
    await expect(desk.signIn(GOOD, 'x', HERE)).rejects.toThrow();
    expect(JSON.stringify(entries)).not.toContain(GOOD);
    expect(entries.at(-1)).toMatchObject({ action: 'session.refused', subject: 'unknown' });
  });
});

describe('accounts', () => {
  it('refuses names that would be mistaken for others, and those that are taken', async () => {
    const { desk } = await started();
    for (const name of ['', ' wang', 'a b', 'sluice', 'OPEN', '-x', 'x'.repeat(65), 'a/b', 'a\u0000'])
      await expect(desk.addAccount('admin', name, FARM)).rejects.toThrow(refused('REQUEST_INVALID'));
    for (const name of ['wang', 'WANG', 'ｗang'])
      await expect(desk.addAccount('admin', name, FARM)).rejects.toThrow(refused('NAME_TAKEN'));
    await desk.addAccount('admin', '王芳', FARM);
    expect(() => desk.addToken('admin', { ...FARM, name: '王芳' })).toThrow(refused('NAME_TAKEN'));
    desk.addToken('admin', { ...FARM, name: 'grafana' });
    await expect(desk.addAccount('admin', 'Grafana', FARM)).rejects.toThrow(refused('NAME_TAKEN'));
  });

  it('keeps an administrator who can let others in', async () => {
    const { desk } = await started();
    const last = refused('LAST_ADMINISTRATOR');
    expect(() => desk.removeAccount('admin', 'admin')).toThrow(last);
    expect(() => desk.changeAccount('admin', 'admin', { ...EVERYTHING, disabled: true })).toThrow(last);
    expect(() => desk.changeAccount('admin', 'admin', FARM)).toThrow(last);
    await desk.addAccount('admin', 'li', { ...EVERYTHING, disabled: true });
    expect(() => desk.removeAccount('admin', 'admin')).toThrow(last);
    desk.changeAccount('admin', 'li', EVERYTHING);
    desk.removeAccount('li', 'admin');
  });

  it('makes no administrator of a part, who could give himself the rest', async () => {
    const { desk } = await started();
    const part = { role: 'administrator', sites: ['farm'], links: 'all' } as const;
    await expect(desk.addAccount('admin', 'li', part)).rejects.toThrow(refused('REQUEST_INVALID'));
    expect(() => desk.changeAccount('admin', 'wang', part)).toThrow(refused('REQUEST_INVALID'));
    expect(() => desk.addToken('admin', { ...part, name: 't' })).toThrow(refused('REQUEST_INVALID'));
  });

  it('refuses a change of what somebody has changed meanwhile', async () => {
    const { desk } = await started();
    desk.changeAccount('admin', 'wang', FARM, 1);
    expect(() => desk.changeAccount('admin', 'wang', FARM, 1)).toThrow(refused('VERSION_STALE'));
  });

  it('puts every change on record before it is done, and does none that cannot be', async () => {
    const { desk, entries } = await started();
    desk.changeAccount('admin', 'wang', { ...FARM, role: 'viewer' });
    expect(entries.at(-1)).toMatchObject({
      ...{ who: 'admin', action: 'account.changed', subject: 'wang' },
      ...{ before: { role: 'operator' }, after: { role: 'viewer' } },
    });
    entries.push = () => {
      throw new Error('disk full');
    };
    expect(() => desk.removeAccount('admin', 'wang')).toThrow('disk full');
    expect(() => desk.addToken('admin', { ...FARM, name: 't' })).toThrow('disk full');
    await expect(desk.resetPassword('admin', 'wang')).rejects.toThrow('disk full');
    expect([desk.accounts().length, desk.tokens().length]).toEqual([2, 0]);
  });
});

describe('a token', () => {
  it('stands for a program until its time is over or it is removed', async () => {
    const { desk, clock } = await started();
    const expiresMs = clock.nowMs() + HOUR_MS;
    const { secret, token } = desk.addToken('admin', { ...FARM, name: 'scada', role: 'source', expiresMs });
    expect(desk.ofToken(secret)).toMatchObject({
      identity: { name: 'scada', kind: 'token' },
      may: ['readings'],
    });
    expect(desk.tokens()).toMatchObject([{ name: 'scada', usedMs: clock.nowMs(), createdBy: 'admin' }]);
    expect(JSON.stringify(desk.tokens())).not.toContain(secret);
    await clock.advance(HOUR_MS);
    expect(desk.ofToken(secret)).toBeUndefined();
    const { secret: other, token: kept } = desk.addToken('admin', { ...FARM, name: 'grafana' });
    desk.removeToken('admin', kept.id);
    expect(desk.ofToken(other)).toBeUndefined();
    expect(() => desk.addToken('admin', { ...FARM, name: 'x', expiresMs })).toThrow(
      refused('REQUEST_INVALID'),
    );
    expect(token.expiresMs).toBe(expiresMs);
  });
});
