import { expect, it } from 'vitest';
import type { Mesh } from '../../core/links/mesh.ts';
import type { MaintenanceWindow } from '../sla/maintenance/maintenance-window.ts';
import { condition, fullMesh } from './testing/conditions.ts';
import { type MaintenanceNow, withoutMaintenance } from './under-maintenance.ts';

const topology = fullMesh(['a', 'b', 'c'], { 'a-b': ['farm.pump'] });
const pop = (id: string) => ({ id, network: `net-${id}` });
const mesh = {
  pops: new Map(['a', 'b', 'c'].map((id) => [id, pop(id)])),
  links: new Map(
    [...topology.links.values()].map((one) => [one.id, { ...one, from: pop(one.from), to: pop(one.to) }]),
  ),
} as unknown as Mesh;
const all = [
  ...['a-b', 'b-a', 'a-c'].map((link) => condition('outage', link)),
  ...['farm/pump', 'net/c', 'farm/other'].map((gateway) => condition('silent', gateway)),
];

function window(of: Partial<MaintenanceWindow>): MaintenanceWindow {
  return {
    ...{ id: 'w', links: [], pops: [], networks: [], reason: 'fibre', issuer: 'ann' },
    ...{ fromMs: 100, toMs: 200, createdMs: 0, enteredMs: 0, planned: null, ...of },
  };
}

function suppressed(of: Partial<MaintenanceWindow>, now: Partial<MaintenanceNow> = {}): string[] {
  const options = { nowMs: 150, graceMs: 50, toldBefore: new Set<string>(), ...now };
  const found = withoutMaintenance(all, mesh, topology, { windows: [window(of)], ...options });
  expect(found.told.length + found.suppressed.length).toBe(all.length);
  return found.suppressed.map((one) => one.condition.key);
}

it('keeps what is about a link, those behind it, a point and its gateway, or a network', () => {
  expect(suppressed({ links: ['a-b'] })).toEqual(['outage:a-b', 'silent:farm/pump']);
  expect(suppressed({ pops: ['c'] })).toEqual(['outage:a-c', 'silent:net/c']);
  expect(suppressed({ networks: ['net-c'] })).toEqual(['outage:a-c', 'silent:net/c']);
  expect(suppressed({ links: ['b-c'] })).toEqual([]);
});

it('holds from its start to a while after its end, unless it was withdrawn or the thing was told before', () => {
  const links = ['a-c'];
  const at = (nowMs: number) => suppressed({ links }, { nowMs });
  expect([99, 100, 249, 250].map(at)).toEqual([[], ['outage:a-c'], ['outage:a-c'], []]);
  expect(suppressed({ links, withdrawn: { ms: 120, by: 'ann', reason: 'not today' } })).toEqual([]);
  expect(suppressed({ links }, { toldBefore: new Set(['outage:a-c']) })).toEqual([]);
});
