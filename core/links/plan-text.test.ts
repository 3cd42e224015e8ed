import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { LinkPlan } from './link-plan.ts';
import { decodePlan, encodePlan } from './plan-text.ts';

function planOf(links: number): LinkPlan {
  return {
    ...{ version: '0123456789abcdef', recordS: 60, reflectTo: ['192.0.2.1'] },
    links: Array.from({ length: links }, (_, at) => ({
      ...{ link: `a_${at}`, class: 'inter', to: `p${at}` },
      probes: [
        {
          kind: 'icmp',
          address: `10.0.${at >> 8}.${at & 255}`,
          everyMs: 1_000,
          timeoutMs: 2_000,
          dscp: 0,
          sizeBytes: 56,
        },
        { kind: 'tcp', address: `10.0.${at >> 8}.${at & 255}`, port: 80, everyMs: 10_000, timeoutMs: 2_000 },
      ],
    })),
  };
}

test('a small plan is JSON that anybody reads, a large one far below what a broker takes', () => {
  expect(encodePlan(planOf(2))).toBe(JSON.stringify(planOf(2)));
  const text = encodePlan(planOf(5_000));
  expect(text.length).toBeLessThan(200_000);
  expect(decodePlan(text)).toEqual(planOf(5_000));
});

test('what is neither, and what would fill the memory, is refused', () => {
  expect(() => decodePlan('nonsense')).toThrow();
  expect(() => decodePlan('{')).toThrow();
  const bomb = gzipSync(Buffer.alloc(20_000_000, ' ')).toString('base64');
  expect(() => decodePlan(bomb)).toThrow(/larger than/);
});
