import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { BASE, ConfigVersions } from './config-versions.ts';

const BASE_SETTINGS = { gateway: 'shed' };

function opened(folder = temporaryFolder(), base: unknown = BASE_SETTINGS) {
  const versions = new ConfigVersions(folder);
  return { folder, versions, leftovers: versions.open(base) };
}

/** Stages, tries and accepts one. */
function applied(versions: ConfigVersions, text: string): number {
  const version = versions.stage(text, {}, new Map());
  versions.beginTrial(version, 'r');
  versions.accept(version);
  return version;
}

test('what was accepted runs again after a restart, with the profiles it was given and those it kept', () => {
  const { folder, versions } = opened();
  expect(versions.active).toBe(BASE);
  const kept = join(temporaryFolder(), 'old.yaml');
  writeFileSync(kept, 'old');
  const version = versions.stage('new settings', { 'pond.yaml': 'pond' }, new Map([['old.yaml', kept]]));
  versions.beginTrial(version, 'r1');
  versions.accept(version);
  const { versions: again, leftovers } = opened(folder);
  expect(leftovers).toEqual([]);
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
  expect(leftovers).toEqual([{ kind: 'trial-cut-short', request: 'r2' }]);
  expect(again.active).toBe(good);
  expect(existsSync(again.folderOf(version))).toBe(false);
  expect(opened(folder).leftovers).toEqual([]);
});

test('whoever edits the file at the gateway has the last word', () => {
  const { folder, versions } = opened();
  applied(versions, 'from afar');
  const { versions: again, leftovers } = opened(folder, { gateway: 'shed', edited: true });
  expect(leftovers).toEqual([{ kind: 'base-changed' }]);
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
    versions.accept(target);
    expect(versions.active).toBe(expected);
  }
  expect(versions.previous).toBeUndefined();
});

test('a rejected one leaves what ran, and one that was gone back to and failed is still there', () => {
  const { versions } = opened();
  const one = applied(versions, 'one');
  const two = applied(versions, 'two');
  versions.beginTrial(one, 'back');
  versions.reject(one);
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
  expect([versions.takeOn('a'), versions.takeOn('a')]).toEqual([true, false]);
  expect(opened(folder).versions.takeOn('a')).toBe(false);
});

test('a state that cannot be read is none', () => {
  const { folder, versions } = opened();
  applied(versions, 'one');
  writeFileSync(join(folder, 'state.json'), '{"active":');
  expect(opened(folder).versions.active).toBe(BASE);
});
