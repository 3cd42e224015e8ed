import { expect, it } from 'vitest';
import { checkNewPassword } from './check-new-password.ts';

it.each([
  'short',
  '123456789',
  '1234567890',
  '0987654321',
  'qwertyuiop',
  'poiuytrewq',
  'password123',
  'Password2026!',
  'P@ssw0rd!!!',
  'adminadmin1',
  'aaaaaaaaaaaaa',
  '1212121212',
  'abcdefghij',
  'woaini1314520',
  'iloveyou2026',
  'Shanghai2026',
  'gateway!!!!',
  'qazwsxedcrfv',
  'wang.fang@farm',
  'WANG.FANG@FARM',
  'wang.fang@farm123',
  'x'.repeat(257),
  '王芳王芳王芳',
])('refuses %s', (password) => {
  expect(() => checkNewPassword(password, 'wang.fang@farm')).toThrow(
    expect.objectContaining({ code: 'REQUEST_INVALID' }),
  );
});

it.each([
  'four-cows-under-a-bridge',
  'k3Vq-9dLw-2hXs',
  '水稻田边三只白鹭飞过了',
  'correct horse battery staple',
  '9f86d081884c7d65',
])('takes %s', (password) => {
  expect(() => checkNewPassword(password, 'wang.fang')).not.toThrow();
});
