import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { hashPassword } from '../core/passwords/password-hash.ts';

/**
 * Reads one password from standard input, so that it stands in no list of processes, without showing it where it is
 * typed, and prints what `usersFile` needs. Exit status 78 where there was none.
 */
async function main(): Promise<void> {
  const { isTTY } = process.stdin;
  if (isTTY) process.stderr.write('Password: ');
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: hidden, terminal: isTTY });
  const password = await new Promise<string>((resolve) => {
    lines.once('line', resolve).once('close', () => resolve(''));
  });
  lines.close();
  if (isTTY) process.stderr.write('\n');
  if (password === '') {
    process.stderr.write('hash-password: no password was given; type one, or pass it on standard input\n');
    process.exitCode = 78;
    return;
  }
  process.stdout.write(`${await hashPassword(Buffer.from(password))}\n`);
}

await main();
