import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fingerprintOf, publicText } from '../seal.ts';
import { verifyStatement } from '../verify-statement.ts';
import { reportLines } from './report.ts';

const FINGERPRINT = /^[0-9a-fA-F]{8}([-: ]?[0-9a-fA-F]{8}){7}$/;

const USAGE = {
  en: `FILE [--key FINGERPRINT|FILE.pem]

  Makes every figure of a statement anew from the evidence in it, and names each that differs.
  --key   the key that it must be signed with, as the issuer told you by another way than the file

  Exit status: 0 it holds; 1 it does not; 2 it could not be looked at
`,
  zh: `文件 [--key 指纹|文件.pem]

  依据结算单中的证据重新计算每个数值，并逐一列出不一致之处。
  --key   签名必须使用的密钥，由出具方通过其他途径告知

  退出码：0 成立；1 不成立；2 无法校验
`,
} as const;

/** The command `verify`, here and in the program that other parties are given: it needs nothing but Node. Returns the exit status. */
export function runVerifier(args: readonly string[], name: string, print: (line: string) => void): 0 | 1 | 2 {
  const { LC_ALL, LC_MESSAGES, LANG } = process.env;
  const language = /^zh/i.test(LC_ALL || LC_MESSAGES || LANG || '') ? 'zh' : 'en';
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { key: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    const [file, ...others] = positionals;
    if (values.help || file === undefined || others.length > 0) {
      print(`${name} ${USAGE[language].trimEnd()}`);
      return values.help ? 0 : 2;
    }
    const expected = values.key === undefined ? undefined : expectedKey(values.key, language);
    const text = textOf(readFileSync(file));
    const verification = verifyStatement(text, expected);
    for (const line of reportLines(verification, file, language)) print(line);
    return verification.findings.length === 0 ? 0 : 1;
  } catch (error) {
    print(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}

/** The fingerprint of a PEM file (a public key or a certificate), or the one that was given. */
function expectedKey(given: string, language: 'en' | 'zh'): string {
  if (FINGERPRINT.test(given)) return given;
  try {
    return fingerprintOf(publicText(createPublicKey(readFileSync(given))));
  } catch (error) {
    const what =
      language === 'zh'
        ? '既不是指纹，也不是公钥文件'
        : 'is neither a fingerprint nor a file with a public key';
    throw new Error(`--key ${given} ${what} (${error instanceof Error ? error.message : error})`);
  }
}

/** Bytes that are no UTF-8 were never written; what a decoder puts for them must not pass for what was. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
}
