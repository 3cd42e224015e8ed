import { describe, expect, it } from 'vitest';
import { hash, partitionOf } from './partition-of.ts';
import { keyOfTopic, patternOf, senderOfKey, topicOfKey } from './routing-key.ts';

/** As RabbitMQ 3.10.8 was seen to translate them. */
const PAIRS = [
  ['spBv1.0/farm/DDATA/shed/probe', 'spBv1___0.farm.DDATA.shed.probe'],
  ['spBv1.0/farm/NCMD/shed', 'spBv1___0.farm.NCMD.shed'],
  ['spBv1.0/STATE/sluice', 'spBv1___0.STATE.sluice'],
  ['senml/farm/node-7', 'senml.farm.node-7'],
  ['senml/farm/node.7', 'senml.farm.node/7'],
] as const;

describe('a routing key', () => {
  it.each(PAIRS)('stands for the topic %s', (topic, key) => {
    expect(keyOfTopic(topic)).toBe(key);
    expect(topicOfKey(key)).toBe(topic);
  });

  it('names the gateway of an edge message, and of nothing else', () => {
    const shed = { site: 'farm', gateway: 'shed' };
    expect(senderOfKey('spBv1___0.farm.NBIRTH.shed')).toEqual(shed);
    expect(senderOfKey('spBv1___0.farm.DDATA.shed.probe')).toEqual(shed);
    for (const key of [
      'spBv1___0.farm.NCMD.shed',
      'spBv1___0.STATE.sluice',
      'spBv1___0.farm.NBIRTH',
      'spBv1___0.farm.NBIRTH.a/b',
      'spBv1___0.fa*rm.NBIRTH.shed',
      'spBv1.0.farm.NBIRTH.shed',
    ])
      expect(senderOfKey(key), key).toBeUndefined();
  });

  it('is matched by the pattern of its gateway, whatever the kind of message', () => {
    expect(patternOf({ site: 'farm', gateway: 'shed' })).toBe('spBv1___0.farm.*.shed.#');
  });
});

describe('the partition of a gateway', () => {
  it('goes by FNV-1a as it is published', () => {
    expect([hash(''), hash('a'), hash('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });

  it('never changes, for bindings in RabbitMQ go by it', () => {
    const partitions = ['a', 'b', 'shed', 'gw-00001'].map((gateway) =>
      partitionOf({ site: 'farm', gateway }, 12),
    );
    expect(partitions).toEqual([9, 0, 4, 6]);
  });

  it('is spread evenly', () => {
    const counts = new Array<number>(12).fill(0);
    for (let at = 0; at < 12_000; at++) counts[partitionOf({ site: 'city', gateway: `gw-${at}` }, 12)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });
});
