import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkConfig, parseConfig } from '../../core/config.ts';
import { LinkPlan } from '../../core/links/link-plan.ts';
import { type ExpandedMesh, expandMesh } from './expand-mesh.ts';
import { MeshFile } from './mesh-file.ts';

const POPS = {
  a1: { network: 'a', address4: '192.0.2.1', address6: '2001:db8::1' },
  a2: { network: 'a', address4: '192.0.2.2' },
  b1: { network: 'b', address4: '192.0.2.3', address6: '2001:DB8:0::3' },
};
const FILE = { site: 'net', networks: { a: {}, b: {} }, pops: POPS };

function expanded(more: object): ExpandedMesh {
  return expandMesh(parseConfig(MeshFile, stringify({ ...FILE, ...more }), 'mesh.yaml'));
}

function idsOf({ mesh }: ExpandedMesh): string[] {
  return [...mesh.links.keys()].sort();
}

function versionOf(mesh: ExpandedMesh, agent: string): string | undefined {
  return mesh.plans.get(agent)?.version;
}

describe('a mesh', () => {
  it('has a link from each point to each other one, and knows their classes', () => {
    const { mesh } = expanded({ meshes: [{}] });
    expect([...mesh.links.values()].map((link) => [link.id, link.class]).sort()).toEqual([
      ['a1_a2', 'intra'],
      ['a1_b1', 'inter'],
      ['a2_a1', 'intra'],
      ['a2_b1', 'inter'],
      ['b1_a1', 'inter'],
      ['b1_a2', 'inter'],
    ]);
    expect(mesh.links.get('a1_b1')?.objective).toEqual({
      ...{ latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
    });
    expect(mesh.links.get('a1_a2')?.objective.loss).toBe(0.0003);
  });

  it('leaves out what is excepted, and takes the points of networks', () => {
    expect(idsOf(expanded({ meshes: [{ except: [['a2', 'b1']] }] }))).toEqual([
      ...['a1_a2', 'a1_b1', 'a2_a1', 'b1_a1'],
    ]);
    expect(idsOf(expanded({ meshes: [{ except: [['b1']] }] }))).toEqual(['a1_a2', 'a2_a1']);
    expect(idsOf(expanded({ meshes: [{ networks: ['a'] }] }))).toEqual(['a1_a2', 'a2_a1']);
  });

  it('makes links of their own for IPv6 where both are asked for and there', () => {
    const made = expanded({ meshes: [{ pops: ['a1', 'b1', 'a2'], family: 'both' }] });
    expect(idsOf(made).filter((id) => id.startsWith('a1'))).toEqual(['a1_a2', 'a1_b1', 'a1_b1_v6']);
    expect(made.mesh.links.get('a1_b1_v6')?.probes[0]).toMatchObject({ address: '2001:db8::3' });
    expect(made.plans.get('net/b1')?.reflectTo).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  });

  it('takes settings of probes from the nearest level, and what that leaves out from those around it', () => {
    const { mesh } = expanded({
      probes: [{ kind: 'stamp', sizeBytes: 200, dscp: 46 }, { kind: 'icmp' }],
      classes: { inter: { probes: [{ kind: 'stamp', ratePerS: 10 }] } },
      meshes: [{}],
      links: [
        {
          from: 'a1',
          to: 'b1',
          probes: [
            { kind: 'tcp', port: 179 },
            { kind: 'stamp', dscp: 0 },
          ],
        },
      ],
    });
    expect(mesh.links.get('a1_a2')?.probes).toMatchObject([{ kind: 'stamp', ratePerS: 1 }, { kind: 'icmp' }]);
    expect(mesh.links.get('a2_b1')?.probes).toMatchObject([
      { kind: 'stamp', ratePerS: 10, sizeBytes: 200, dscp: 46, port: 862, address: '192.0.2.3' },
    ]);
    expect(mesh.links.get('a1_b1')?.probes).toMatchObject([
      { kind: 'tcp', port: 179, everyMs: 10_000 },
      { kind: 'stamp', ratePerS: 10, sizeBytes: 200, dscp: 0 },
    ]);
  });

  it('puts the address of the far end into a URL', () => {
    const probes = [{ kind: 'http', url: 'http://{address}:8080/' }];
    const { mesh } = expanded({ links: [{ from: 'a1', to: 'b1', family: 'both', probes }] });
    expect(mesh.links.get('a1_b1')?.probes).toMatchObject([{ url: 'http://192.0.2.3:8080/' }]);
    expect(mesh.links.get('a1_b1_v6')?.probes).toMatchObject([{ url: 'http://[2001:db8::3]:8080/' }]);
  });

  it('says what is special of one link without saying it of others', () => {
    const { mesh } = expanded({
      meshes: [{}],
      links: [
        {
          ...{ from: 'a1', to: 'b1', class: 'intra', objective: { latencyMs: 5 } },
          behind: ['farm.g1'],
        },
      ],
    });
    expect(mesh.links.get('a1_b1')).toMatchObject({
      ...{ class: 'intra', behind: ['farm.g1'], objective: { latencyMs: 5, loss: 0.0003 } },
    });
    expect(mesh.links.get('b1_a1')).toMatchObject({ class: 'inter', objective: { latencyMs: 30 } });
  });

  it('takes one entry for a new point, and plans change only where it is probed or reflected', () => {
    const before = expanded({ meshes: [{ networks: ['a'] }, { networks: ['b'] }] });
    const pops = { ...POPS, a3: { network: 'a', address4: '192.0.2.9' } };
    const after = expanded({ pops, meshes: [{ networks: ['a'] }, { networks: ['b'] }] });
    expect(idsOf(after)).toEqual(['a1_a2', 'a1_a3', 'a2_a1', 'a2_a3', 'a3_a1', 'a3_a2']);
    expect(versionOf(after, 'net/a1')).not.toBe(versionOf(before, 'net/a1'));
    expect(versionOf(after, 'net/b1')).toBe(versionOf(before, 'net/b1'));
    expect(after.mesh.version).not.toBe(before.mesh.version);
  });

  it('has the same versions in whatever order things are written', () => {
    const one = expanded({ meshes: [{}], probes: [{ kind: 'stamp', dscp: 8, ratePerS: 2 }] });
    const pops = Object.fromEntries(Object.entries(POPS).reverse());
    const other = expanded({ pops, meshes: [{}], probes: [{ ratePerS: 2, kind: 'stamp', dscp: 8 }] });
    expect([...other.plans.values()].map(({ version }) => version).sort()).toEqual(
      [...one.plans.values()].map(({ version }) => version).sort(),
    );
  });

  it('makes plans that agents take', () => {
    const { plans } = expanded({
      meshes: [{ family: 'both' }],
      probes: [{ kind: 'stamp' }, { kind: 'icmp' }, { kind: 'tcp', port: 80 }],
    });
    for (const plan of plans.values()) {
      expect(checkConfig(LinkPlan, structuredClone(plan))).toEqual(plan);
      expect(plan.links.length).toBeGreaterThan(0);
    }
  });

  it('begins no link at somebody else’s reflector', () => {
    const pops = { ...POPS, far: { network: 'b', address4: '192.0.2.77', agent: false } };
    const made = expanded({ pops, meshes: [{}] });
    expect(idsOf(made).filter((id) => id.includes('far'))).toEqual(['a1_far', 'a2_far', 'b1_far']);
    expect(made.plans.has('net/far')).toBe(false);
  });
});

const LINK = { from: 'a1', to: 'b1' };

describe('what is wrong is named, with how to mend it', () => {
  it.each([
    [
      'a point that is not there',
      { links: [{ from: 'a1', to: 'x' }] },
      /no point of presence "x"; known: a1/,
    ],
    ['a network that is not there', { meshes: [{ networks: ['c'] }] }, /no network "c"; known: a, b/],
    ['the same link twice', { links: [LINK, LINK] }, /links\[1\] .*links\[0\] is the same link/],
    ['a pair in two meshes', { meshes: [{}, { networks: ['a'] }] }, /meshes\[1\] \(a1 to a2\): meshes\[0\]/],
    ['a link to itself', { links: [{ from: 'a1', to: 'a1' }] }, /a link has two ends/],
    [
      'a family the far end lacks',
      { links: [{ from: 'a1', to: 'a2', family: 6 }] },
      /"a2" has no IPv6 address/,
    ],
    ['both, where one is lacking', { links: [{ from: 'a1', to: 'a2', family: 'both' }] }, /"a2" has no IPv6/],
    [
      'no family in common',
      { pops: { ...POPS, c: { network: 'a', address6: '2001:db8::9' } }, meshes: [{}] },
      /no family of addresses in common/,
    ],
    ['recordS that divides no hour', { recordS: 7 }, /recordS: 7 does not divide an hour/],
    [
      'international without an objective',
      { networks: { a: { country: 'CN' }, b: { country: 'SG' } }, links: [LINK] },
      /no objective says its `latencyMs`; set it under classes\.international\.objective/,
    ],
    [
      'one end without a country',
      { networks: { a: { country: 'CN' }, b: {} }, links: [LINK] },
      /give "b1" or its network "b" a `country`/,
    ],
    [
      'two points of one agent',
      { pops: { ...POPS, c: { network: 'a', gateway: 'a1', address4: '192.0.2.9' } } },
      /its agent is net\/a1, and so is that of "a1"/,
    ],
    [
      'an address of many',
      { pops: { m: { network: 'a', address4: '224.0.0.1' } } },
      /no IPv4 address of one/,
    ],
    ['no address', { pops: { m: { network: 'a' } } }, /it has no address/],
    ['a kind twice', { probes: [{ kind: 'icmp' }, { kind: 'icmp' }], links: [LINK] }, /"icmp" stands twice/],
    [
      'a tcp probe without port',
      { links: [{ ...LINK, probes: [{ kind: 'tcp' }] }] },
      /probe tcp: port: missing/,
    ],
    [
      'two links of one id',
      { links: [LINK, { from: 'b1', to: 'a1', id: 'a1_b1' }] },
      /the id "a1_b1" is that of the link from a1 to b1 too/,
    ],
    [
      'too many probes of one agent',
      { probes: [{ kind: 'stamp', ratePerS: 1000 }], ...meshOf(30) },
      /29000 probes\/s, and an agent sends at most 20000/,
    ],
    ['a mesh beyond all measure', meshOf(400), /400 points make more than 50000 links/],
    [
      'an exception that is none',
      { meshes: [{ networks: ['a'], except: [['b1']] }] },
      /"b1" is no point of this/,
    ],
    ['an id that is too long', idsOf65(), /has more than 64 characters/],
    ['a probe’s address', { probes: [{ kind: 'icmp', address: '192.0.2.1' }] }, /unknown key/],
    ['links from where nothing probes', { ...strangers(), links: [{ from: 's', to: 'a1' }] }, /agent: false/],
  ])('%s', (_, more, words) => {
    expect(() => expanded(more)).toThrow(words);
  });

  it('all of it at once', () => {
    const wrong = { links: [{ from: 'x', to: 'a1' }, LINK, LINK], recordS: 7 };
    expect(() => expanded(wrong)).toThrow(/recordS[\s\S]*"x"[\s\S]*same link/);
  });
});

function meshOf(count: number): object {
  const pops = Array.from({ length: count }, (_, at) => [
    `p${at}`,
    { network: 'a', address4: `10.0.${at >> 8}.${at & 255}` },
  ]);
  return { pops: Object.fromEntries(pops), meshes: [{}] };
}

function idsOf65(): object {
  const id = 'x'.repeat(32);
  const pops = { [`${id}1`]: POPS.a1, [`${id}2`]: POPS.a2 };
  return { pops, meshes: [{}] };
}

function strangers(): object {
  return { pops: { ...POPS, s: { network: 'a', address4: '192.0.2.9', agent: false } } };
}

it('thirty points are one mesh of 870 links', () => {
  const { mesh, plans } = expanded(meshOf(30));
  expect(mesh.links.size).toBe(870);
  expect([...plans.values()].every(({ links }) => links.length === 29)).toBe(true);
});

it('the sample is valid, and has the links it tells of', () => {
  const text = readFileSync(join(import.meta.dirname, 'sample-mesh.yaml'), 'utf8');
  const { mesh } = expandMesh(parseConfig(MeshFile, text, 'sample-mesh.yaml'));
  expect([...mesh.links.keys()]).toEqual([
    ...['cq1_cq2', 'cq1_sh1', 'cq1_sh1_v6', 'cq2_cq1', 'sh1_cq1', 'sh1_cq1_v6', 'cq1_sg1'],
  ]);
  expect(mesh.links.get('cq1_sg1')).toMatchObject({ class: 'international', probes: [{ port: 8620 }] });
  expect(mesh.links.get('cq1_cq2')).toMatchObject({
    behind: ['farms.valley-1'],
    objective: { latencyMs: 5 },
  });
});

it('tells of more series than ingest takes of one agent', () => {
  const file = parseConfig(MeshFile, stringify({ ...FILE, meshes: [{}] }), 'mesh.yaml');
  expect(expandMesh(file, 44).plans.size).toBe(3);
  expect(() => expandMesh(file, 43)).toThrow(
    /pops\.a1: its links make 44 series, and ingest takes 43 of a gateway; set `pipeline\.maxSeriesPerGateway`/,
  );
});
