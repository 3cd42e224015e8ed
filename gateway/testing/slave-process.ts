import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { characterMs, unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { openPtyLine } from './pty-line.ts';

/*
 * node slave-process.ts NAME BAUD: answers every read on a pseudo-terminal linked at NAME, in a process of its own.
 * With a baud rate of 0 at once; otherwise when request and answer would have been through a wire of that speed.
 */
const [name = '', baud = '0'] = process.argv.slice(2);
const wireMs = Number(baud) > 0 ? characterMs(Number(baud)) : 0;

const line = await openPtyLine(name, (frame) => {
  const { unit, pdu } = unwrapRtu(frame);
  const request = decodeRequest(pdu);
  if (!('count' in request)) return;
  const registers = Array.from({ length: request.count }, (_, at) => 1000 * unit + at);
  const answer = wrapRtu(unit, encodeResponse(request, { registers }));
  if (wireMs === 0) line.send(answer);
  else setTimeout(() => line.send(answer), (frame.length + answer.length) * wireMs);
});
process.send?.('ready');
