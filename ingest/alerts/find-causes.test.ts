import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Condition } from './condition.ts';
import { findCauses } from './find-causes.ts';
import { condition, fullMesh } from './testing/conditions.ts';
import { topologyFrom } from './topology.ts';

const MESH = fullMesh(['a', 'b', 'c', 'd'], { 'a-b': ['farm.pump', 'farm.dam'] });
const up = () => 'up' as const;

function causes(
  conditions: readonly Condition[],
  seen: (link: string) => 'up' | 'unknown' = up,
  mesh = MESH,
) {
  const found = findCauses(conditions, mesh, seen);
  return Object.fromEntries(
    found.map(({ key, causing, silent }) => [
      key,
      [causing.map(({ subject }) => subject).join(' '), silent.map(({ subject }) => subject).join(' ')],
    ]),
  );
}
const down = (...links: string[]) => links.map((link) => condition('outage', link));
const silent = (...gateways: string[]) => gateways.map((gateway) => condition('silent', gateway));

it('is one cause for a link, its other direction, its budgets and the gateways behind it', () => {
  const wrong = [...down('a-b', 'b-a'), condition('loss', 'a-b'), ...silent('farm/pump', 'farm/dam')];
  expect(causes(wrong)).toEqual({ 'link:a-b': ['a-b a-b b-a', 'farm/dam farm/pump'] });
  expect(causes([condition('loss', 'b-a'), ...silent('farm/pump')])).toEqual({
    'link:a-b': ['b-a', 'farm/pump'],
  });
});

it('is one cause each for links that share no end that is at fault', () => {
  expect(causes(down('a-b', 'c-d'))).toEqual({ 'link:a-b': ['a-b', ''], 'link:c-d': ['c-d', ''] });
  expect(causes(down('a-b', 'a-c'))).toEqual({ 'link:a-b': ['a-b', ''], 'link:a-c': ['a-c', ''] });
});

it('is a point where all links towards it are down, with its agent and whoever is behind', () => {
  const wrong = [...down('a-b', 'c-b', 'd-b'), ...silent('net/b', 'farm/pump')];
  const tells = (link: string) => (link.startsWith('b-') ? ('unknown' as const) : ('up' as const));
  expect(causes(wrong, tells)).toEqual({ 'pop:b': ['a-b c-b d-b', 'farm/pump net/b'] });
});

it('is the agent where its links are down and those towards it are not', () => {
  expect(causes(down('a-b', 'a-c', 'a-d'))).toEqual({ 'agent:a': ['a-b a-c a-d', ''] });
});

it('is one wide cause where most points have lost all', () => {
  const all = [...MESH.links.keys()];
  expect(Object.keys(causes(down(...all)))).toEqual(['wide:']);
});

it('gives two points that fail at once each its own', () => {
  const mesh = fullMesh(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  const wrong = [...mesh.links.values()].filter(({ from, to }) => 'ab'.includes(from) || 'ab'.includes(to));
  const found = causes(down(...wrong.map(({ id }) => id)), up, mesh);
  expect(Object.keys(found).sort()).toEqual(['pop:a', 'pop:b']);
});

it('is the gateway itself where nothing explains its silence', () => {
  expect(causes([...down('a-c'), ...silent('farm/pump', 'x/y')])).toEqual({
    'link:a-c': ['a-c', ''],
    'gateway:farm/pump': ['farm/pump', ''],
    'gateway:x/y': ['x/y', ''],
  });
});

it('explains the agent of a point by its only link, and not where another link of it is up', () => {
  const two = fullMesh(['a', 'b']);
  const blind = (link: string) => (link === 'b-a' ? ('unknown' as const) : ('up' as const));
  expect(causes([...down('a-b'), ...silent('net/b')], blind, two)).toEqual({ 'link:a-b': ['a-b', 'net/b'] });
  expect(Object.keys(causes([...down('a-b'), ...silent('net/b')]))).toContain('gateway:net/b');
});

it('finds the same in whatever order, and loses nothing', () => {
  const subjects = [...MESH.links.keys()].flatMap((link) => [
    condition('outage', link),
    condition('loss', link),
  ]);
  const everything = [...subjects, ...silent('farm/pump', 'farm/dam', 'net/a', 'net/b', 'x/y')];
  const some = fc.subarray(everything).chain((chosen) =>
    fc.record({
      chosen: fc.constant(chosen),
      shuffled: fc.shuffledSubarray(chosen, { minLength: chosen.length }),
    }),
  );
  fc.assert(
    fc.property(some, ({ chosen, shuffled }) => {
      expect(findCauses(shuffled, MESH, up)).toEqual(findCauses(chosen, MESH, up));
      const found = findCauses(chosen, MESH, up).flatMap(({ causing, silent: quiet }) => [
        ...causing,
        ...quiet,
      ]);
      expect(found.map(({ key }) => key).sort()).toEqual(chosen.map(({ key }) => key).sort());
    }),
  );
});

it('does not take one family of addresses for the whole of a point', () => {
  const ends = [...MESH.links.values()].map((link) => ({ ...link, behind: [] }));
  const both = topologyFrom(
    [...ends, ...ends.map((link) => ({ ...link, id: `${link.id}_v6` }))],
    MESH.gatewayOf,
  );
  expect(causes(down('a-b', 'c-b', 'd-b'), up, both)).toEqual({
    'link:a-b': ['a-b', ''],
    'link:b-c': ['c-b', ''],
    'link:b-d': ['d-b', ''],
  });
  const all = down('a-b', 'c-b', 'd-b', 'a-b_v6', 'c-b_v6', 'd-b_v6');
  expect(Object.keys(causes(all, up, both))).toEqual(['pop:b']);
});

it('takes what a silent agent told last for no evidence of now', () => {
  const wrong = [...down('a-b', 'd-b'), ...silent('net/c')];
  expect(causes(wrong)).toEqual({ 'pop:b': ['a-b d-b', ''], 'gateway:net/c': ['net/c', ''] });
});
