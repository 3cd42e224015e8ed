/** For tests: a line as a receiver sends it, from what stands between `$` and `*`. */
export function withChecksum(body: string): string {
  const sum = [...Buffer.from(body, 'latin1')].reduce((all, byte) => all ^ byte, 0);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}`;
}
