import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { characterMs, unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { openPtyLine } from './pty-line.ts';

/*
 * node slave-process.ts NAME BAUD: answers every request on a pseudo-terminal linked at NAME, in a process of its own.
 * With a baud rate of 0 at once; otherwise when request and answer would have been through a wire of that speed.
 */
const [name = '', baud = '0'] = process.argv.slice(2);
const wireMs = Number(baud) > 0 ? characterMs(Number(baud)) : 0;

const line = await openPtyLine(name, (frame) => {
  const { unit, pdu } = unwrapRtu(frame);
  const request = decodeRequest(pdu);
  const count = 'count' in request ? request.count : 0;
  const registers = Array.from({ length: count }, (_, at) => 1000 * unit + at);
  const answer = wrapRtu(unit, encodeResponse(request, count > 0 ? { registers } : { written: true }));
  if (wireMs === 0) line.send(answer);
  else setTimeout(() => line.send(answer), (frame.length + answer.length) * wireMs);
});
process.send?.('ready');
