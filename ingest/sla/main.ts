import { resolve } from 'node:path';
import { asSluiceError, type Language, SluiceError } from '../../core/errors.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';
import { CALCULATOR_KNOWN, calculatorCommand } from './command-line/calculator-command.ts';
import { KEY_KNOWN, keyCommand } from './command-line/key-command.ts';
import { parsedOptions } from './command-line/parsed-options.ts';
import { STATEMENT_KNOWN, statementCommand } from './command-line/statement-command.ts';
import { putVerifier, VERIFIER_NAME } from './statement/verifier/build-verifier.ts';
import { runVerifier } from './statement/verifier/run-verifier.ts';

type Print = (line: string) => void;
type Command = (args: readonly string[], language: Language, print: Print) => Promise<number> | number;

const VERIFIER_KNOWN = 'verifier [--out FILE.mjs]';

const COMMANDS: Readonly<Record<string, Command>> = {
  statement: statementCommand,
  verify: (args, _language, print) => runVerifier(args, 'npm run sla -- verify', print),
  async verifier(args, _language, print) {
    const { out = VERIFIER_NAME } = parsedOptions(args, { out: { type: 'string' } }, VERIFIER_KNOWN);
    await putVerifier(resolve(out));
    print(resolve(out));
    return 0;
  },
  key: keyCommand,
  calculator: calculatorCommand,
};

const USAGE = {
  en: `Usage: npm run sla -- COMMAND

  ${STATEMENT_KNOWN}
      a month of links as signed JSON with its evidence, as pages to print (HTML) and as tables (CSV)
  verify FILE [--key FINGERPRINT|FILE.pem]
      makes every figure of a statement anew from its evidence, and names each that differs
  ${VERIFIER_KNOWN}
      the program that does so for the other party, with Node.js 20 or later and nothing else of ours
  ${KEY_KNOWN}
      the fingerprint of the key that this ingest signs with, or the key itself
  ${CALCULATOR_KNOWN}
      how many probes, and at this rate how long, prove that loss is below an objective
`,
  zh: `用法：npm run sla -- 命令

  ${STATEMENT_KNOWN}
      生成某月链路结算单：含全部证据的签名 JSON、可打印页面（HTML）和表格（CSV）
  verify 文件 [--key 指纹|文件.pem]
      依据结算单中的证据重新计算每个数值，并逐一列出不一致之处
  ${VERIFIER_KNOWN}
      供对方使用的校验程序，只需 Node.js 20 或更高版本
  ${KEY_KNOWN}
      显示本 ingest 签名密钥的指纹，或公钥本身
  ${CALCULATOR_KNOWN}
      证明丢包率低于目标值所需的探测包数量，以及按此速率所需的时间
`,
} as const;

const EXIT_CONFIG = 78;

/** Exit status: 0 done; 1 something does not hold or is away; 2 of `verify`, that it could not look; 78 for wrong options. */
async function main([name = '--help', ...args]: readonly string[]): Promise<number> {
  const language = terminalLanguage();
  try {
    if (name === '--help' || name === '-h') {
      process.stdout.write(USAGE[language]);
      return 0;
    }
    if (!Object.hasOwn(COMMANDS, name))
      throw new SluiceError('OPTION_INVALID', { problem: name, known: Object.keys(COMMANDS).join(', ') });
    return await COMMANDS[name]!(args, language, (line) => void process.stdout.write(`${line}\n`));
  } catch (thrown) {
    const error = asSluiceError(thrown);
    process.stderr.write(`sla: ${error.text(language)}\n`);
    return error.code === 'OPTION_INVALID' ? EXIT_CONFIG : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
