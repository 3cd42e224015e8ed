import { expect, it } from 'vitest';
import { withoutCommands } from './without-commands.ts';

it.each([
  ['\u001b[2J\u001b]0;owned\u0007', '\ufffd[2J\ufffd]0;owned\ufffd'],
  ['\u009b31m, \u007f and \b\r\f', '\ufffd31m, \ufffd and \ufffd\ufffd\ufffd'],
  ['pump \u202enepo\u202c', 'pump \ufffdnepo\ufffd'],
])('takes from %j what a terminal would do', (msg, shown) => {
  expect(JSON.parse(withoutCommands(JSON.stringify({ msg })))).toEqual({ msg: shown });
});

it.each(['线路 "main"\n\tat C:\\u001b\\b\\new', 'zone é 😀'])('leaves %j', (msg) => {
  expect(JSON.parse(withoutCommands(JSON.stringify({ msg })))).toEqual({ msg });
});
