import { expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import { withoutSecrets } from './without-secrets.ts';

it.each([
  ['mqtt://li:s3cr3t@10.0.0.1:1883', 'mqtt://***@10.0.0.1:1883'],
  ['amqps://li:p%40ss:word@mq/vhost is away', 'amqps://***@mq/vhost is away'],
  ['tried https://token@hooks.cn/a and https://b:c@d/', 'tried https://***@hooks.cn/a and https://***@d/'],
  [
    '{"url":"http://x/hook?a=1&access_token=abc.def-1&b=2"}',
    '{"url":"http://x/hook?a=1&access_token=***&b=2"}',
  ],
  ['https://oapi.example.cn/robot/send?key=0a1b', 'https://oapi.example.cn/robot/send?key=***'],
  [
    String.raw`{"text":"see \"https://x/?token=abc\" now"}`,
    String.raw`{"text":"see \"https://x/?token=***\" now"}`,
  ],
  ['https://x/#id_token=abc', 'https://x/#id_token=***'],
])('masks what is secret in %s', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});

it.each([
  'mqtt://127.0.0.1:1883',
  'li@example.cn wrote about http://farm.cn/@2x.png?measurement=soil&field=moisture',
  'no address, and a token=abc of a line of somebody',
])('leaves %s', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});

it('takes no longer for what was made to be slow', () => {
  const began = performance.now();
  withoutSecrets(`a://${'a:'.repeat(200_000)}${'?key'.repeat(100_000)}`);
  expect(performance.now() - began).toBeLessThan(2_000);
});

it('is asked for whatever an error says', () => {
  const url = 'influx://li:s3cr3t@store';
  const error = new SluiceError('DELIVERY_FAILED', {
    ...{ way: 'webhook', to: url },
    reason: { en: `no ${url}`, zh: `没有 ${url}` },
  });
  const said = [error.message, error.text('zh'), JSON.stringify([error.detailsIn('zh'), error.details])];
  expect(said.join(' ')).not.toContain('s3cr3t');
});
