import { describe, expect, it } from 'vitest';
import { createGroup, type GroupInput, isSpeaker, stepGroup, type WorkerGroup } from './worker-group.ts';

const heard = (worker: string, atMs = 0, turn = 1): GroupInput => ({ kind: 'heard', worker, turn, atMs });
const given = (group: WorkerGroup, ...inputs: readonly GroupInput[]) =>
  inputs.reduce((step, input) => stepGroup(step.group, input), { group, letPass: [] as readonly number[] });

const of = (group: WorkerGroup, worker: string) =>
  group.wanted.flatMap((wanted, partition) => (wanted === worker ? [partition] : []));

describe('a group of workers', () => {
  it('gives everything to one that is alone', () => {
    const group = createGroup('a', 3);
    expect(group.wanted).toEqual(['a', 'a', 'a']);
    expect(isSpeaker(group)).toBe(true);
  });

  it('comes to the same shares in every one of them, none larger than another by more than one', () => {
    const { group: a } = given(createGroup('a', 11), heard('b'), heard('c'));
    const { group: c } = given(createGroup('c', 11), heard('b'), heard('a'));
    expect(a.wanted).toEqual(c.wanted);
    expect(['a', 'b', 'c'].map((name) => of(a, name).length).sort()).toEqual([3, 4, 4]);
    expect([isSpeaker(a), isSpeaker(c)]).toEqual([true, false]);
  });

  it('lets one that comes pass where it should have something, and nowhere else', () => {
    const { group, letPass } = given(createGroup('a', 12), heard('b'));
    expect(letPass).toEqual(of(group, 'b'));
    expect(letPass).toHaveLength(6);
    expect(given(group, heard('b', 2_000)).letPass).toEqual([]);
  });

  it('lets one that was away pass again, for it stands at the end of all lines now', () => {
    const { group } = given(createGroup('a', 12), heard('b'));
    expect(given(group, heard('b', 2_000, 2)).letPass).toEqual(of(group, 'b'));
  });

  it('takes over what is left by one that says so, or that is silent for too long', () => {
    const { group } = given(createGroup('a', 12), heard('b'), heard('c', 5_000));
    const { group: left } = given(group, { kind: 'left', worker: 'c' });
    expect([...left.others.keys()]).toEqual(['b']);
    const { group: silent, letPass } = given(group, { kind: 'time', atMs: 7_001 });
    expect([...silent.others.keys()]).toEqual(['c']);
    // What was b's and is now c's; the rest of it is this worker's own.
    expect(letPass.every((partition) => silent.wanted[partition] === 'c')).toBe(true);
    expect(given(group, { kind: 'time', atMs: 7_000 }).letPass).toEqual([]);
  });

  it('hears nothing in its own voice', () => {
    expect(given(createGroup('a', 2), heard('a')).group.others.size).toBe(0);
  });
});
