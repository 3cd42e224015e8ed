import { createInterface } from 'node:readline';
import { hashPassword } from './users.ts';

/** Reads one password from standard input, so that it stands in no process list, and prints what `usersFile` needs. */
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await hashPassword(Buffer.from(line))}\n`);
  break;
}
