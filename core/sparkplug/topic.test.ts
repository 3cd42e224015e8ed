import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE_SUBSCRIPTIONS, formatTopic, parseTopic, type SparkplugTopic, stateTopic } from './topic.ts';

describe('Sparkplug topics', () => {
  it.each<[string, SparkplugTopic]>([
    ['spBv1.0/demo-farm/NBIRTH/pump-house', { site: 'demo-farm', type: 'NBIRTH', gateway: 'pump-house' }],
    ['spBv1.0/f/DDATA/g/soil-1', { site: 'f', type: 'DDATA', gateway: 'g', device: 'soil-1' }],
  ])('reads and writes %s', (topic, parts) => {
    expect(parseTopic(topic)).toEqual(parts);
    expect(formatTopic(parts)).toBe(topic);
  });

  it.each([
    ['', /does not begin with/],
    ['spAv1.0/f/NDATA/g', /does not begin with spBv1\.0/],
    ['spBv1.0/f/NDATA', /must be/],
    ['spBv1.0/f/DDATA/g/d/e', /must be/],
    ['spBv1.0/f/XDATA/g', /XDATA is not a message type/],
    ['spBv1.0/f/ndata/g', /ndata is not a message type/],
    ['spBv1.0/f/NDATA/g/d', /NDATA takes no device/],
    ['spBv1.0/f/DDATA/g', /DDATA needs a device/],
    ['spBv1.0/f.arm/NDATA/g', /site "f\.arm"/],
    ['spBv1.0/f/DDATA/g/', /device ""/],
    [`spBv1.0/f/NDATA/${'g'.repeat(65)}`, /longer than 64/],
  ])('refuses "%s" and says why', (topic, words) => {
    expect(() => parseTopic(topic)).toThrow(words);
    expect(() => parseTopic(topic)).toThrow(expect.objectContaining({ code: 'TOPIC_INVALID' }));
  });

  it('refuses any text with TOPIC_INVALID, or reads what it can write again', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'spBv1.0/f/DDATA/'), (text, start) => {
        try {
          expect(formatTopic(parseTopic(start + text))).toBe(start + text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'TOPIC_INVALID' });
        }
      }),
    );
  });

  it('subscribes to what gateways send and not to commands', () => {
    expect(EDGE_SUBSCRIPTIONS).toHaveLength(6);
    expect(EDGE_SUBSCRIPTIONS.join()).not.toContain('CMD');
    expect(stateTopic('sluice')).toBe('spBv1.0/STATE/sluice');
  });
});
