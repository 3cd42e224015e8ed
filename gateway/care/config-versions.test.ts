import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { careAnswer } from './care-answer.ts';
import { BASE, ConfigVersions } from './config-versions.ts';

const BASE_SETTINGS = { gateway: 'shed' };
const asked = (id: string) => ({ id, action: 'apply-config', issuer: 'li' });
const answer = (request: string) => careAnswer(asked(request), 0, { result: {} });

function opened(
  folder = temporaryFolder(),
  base: unknown = BASE_SETTINGS,
  complete?: (kept: unknown) => unknown,
) {
  const versions = new ConfigVersions(folder);
  return { folder, versions, leftovers: versions.open(base, complete) };
}

const NOTHING = { cutShort: undefined, isBaseChanged: false, isUnreadable: false, unanswered: [] };

/** Stages, tries and accepts one. */
function applied(versions: ConfigVersions, text: string): number {
  const version = versions.stage(text, {}, new Map());
  versions.beginTrial(version, 'r');
  versions.accept(version, answer('r'));
  return version;
}

test('what was accepted runs again after a restart, with the profiles it was given and those it kept', () => {
  const { folder, versions } = opened();
  expect(versions.active).toBe(BASE);
  const kept = join(temporaryFolder(), 'old.yaml');
  writeFileSync(kept, 'old');
  const version = versions.stage('new settings', { 'pond.yaml': 'pond' }, new Map([['old.yaml', kept]]));
  versions.beginTrial(version, 'r1');
  versions.accept(version, answer('r'));
  const { versions: again, leftovers } = opened(folder);
  expect(leftovers).toEqual(NOTHING);
  expect(again.active).toBe(version);
  expect(again.textOf(version)).toBe('new settings');
  for (const name of ['old.yaml', 'pond.yaml'])
    expect(existsSync(join(again.folderOf(version), name))).toBe(true);
});

test('a trial that a crash cut short is over, and what ran before runs', () => {
  const { folder, versions } = opened();
  const good = applied(versions, 'good');
  const version = versions.stage('bad', {}, new Map());
  versions.beginTrial(version, 'r2');
  const { versions: again, leftovers } = opened(folder);
  expect(leftovers).toEqual({ ...NOTHING, cutShort: 'r2' });
  again.takeUp([answer('r2')]);
  expect(again.active).toBe(good);
  expect(existsSync(again.folderOf(version))).toBe(false);
  const third = opened(folder);
  expect(third.leftovers).toEqual(NOTHING);
  expect(third.versions.news).toEqual([answer('r'), answer('r2')]);
});

test('whoever edits the file at the gateway has the last word', () => {
  const { folder, versions } = opened();
  applied(versions, 'from afar');
  const { versions: again, leftovers } = opened(folder, { gateway: 'shed', edited: true });
  expect(leftovers).toEqual({ ...NOTHING, isBaseChanged: true });
  expect(again.active).toBe(BASE);
  expect(again.previous).toBeUndefined();
});

test('going back leads through what ran before, one at a time, down to the file at the gateway', () => {
  const { versions } = opened();
  const [one, two] = [applied(versions, 'one'), applied(versions, 'two')];
  expect([versions.active, versions.previous]).toEqual([two, one]);
  for (const expected of [one, BASE]) {
    const target = versions.previous!;
    versions.beginTrial(target, 'back');
    versions.accept(target, answer('r'));
    expect(versions.active).toBe(expected);
  }
  expect(versions.previous).toBeUndefined();
});

test('a rejected one leaves what ran, and one that was gone back to and failed is still there', () => {
  const { versions } = opened();
  const one = applied(versions, 'one');
  const two = applied(versions, 'two');
  versions.beginTrial(one, 'back');
  versions.reject(answer('r'));
  expect([versions.active, versions.previous]).toEqual([two, one]);
  expect(versions.textOf(one)).toBe('one');
});

test('only a few are kept', () => {
  const { versions } = opened();
  const all = Array.from({ length: 12 }, (_, index) => applied(versions, String(index)));
  expect(all.filter((version) => existsSync(versions.folderOf(version)))).toEqual(all.slice(-6));
});

test('a request is taken on once, also by a later run', () => {
  const { folder, versions } = opened();
  expect([versions.takeOn(asked('a')), versions.takeOn(asked('a'))]).toEqual([true, false]);
  expect(opened(folder).versions.takeOn(asked('a'))).toBe(false);
});

test('a state that cannot be read is none, and that is said', () => {
  const { folder, versions } = opened();
  applied(versions, 'one');
  writeFileSync(join(folder, 'state.json'), '{"active":');
  const { versions: again, leftovers } = opened(folder);
  expect(again.active).toBe(BASE);
  expect(leftovers.isUnreadable).toBe(true);
});

test('a way back that was cut short leaves what was gone back to', () => {
  const { folder, versions } = opened();
  const one = applied(versions, 'one');
  const two = applied(versions, 'two');
  versions.beginTrial(one, 'back');
  const { versions: again } = opened(folder);
  again.takeUp([]);
  expect([again.active, again.previous]).toEqual([two, one]);
  expect(again.textOf(one)).toBe('one');
});

test('a release with more settings does not take the file at the gateway for an edited one', () => {
  const { folder, versions } = opened();
  const version = applied(versions, 'from afar');
  const complete = (kept: unknown) => ({ ...(kept as object), newSetting: 1 });
  const { versions: again, leftovers } = opened(folder, { ...BASE_SETTINGS, newSetting: 1 }, complete);
  expect(leftovers).toEqual(NOTHING);
  expect(again.active).toBe(version);
});

test('profiles in folders of their own come along', () => {
  const { versions } = opened();
  const kept = join(temporaryFolder(), 'old.yaml');
  writeFileSync(kept, 'old');
  const version = versions.stage('x', { 'own/new.yaml': 'new' }, new Map([['profiles/old.yaml', kept]]));
  const read = (name: string) => readFileSync(join(versions.folderOf(version), name), 'utf8');
  expect([read('profiles/old.yaml'), read('own/new.yaml')]).toEqual(['old', 'new']);
});

test('a request is open until it is answered, its answer stays until it is told, and only the first counts', () => {
  const { folder, versions } = opened();
  versions.takeOn(asked('a'));
  versions.takeOn(asked('b'));
  versions.finish('a', answer('a'));
  versions.finish('a', { ...answer('a'), isDone: false });
  const { versions: again, leftovers } = opened(folder);
  expect(leftovers.unanswered).toEqual([asked('b')]);
  expect(again.news).toEqual([answer('a')]);
  again.forget([answer('a')]);
  expect(opened(folder).versions.news).toEqual([]);
});

test('where the disk refuses, a request is refused, and stays so when it is repeated', () => {
  const { folder, versions } = opened();
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'in the way');
  expect(() => versions.takeOn(asked('a'))).toThrow(
    expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE' }),
  );
  rmSync(folder);
  expect(versions.takeOn(asked('a'))).toBe(false);
});
