import { parseArgs } from 'node:util';
import { asSluiceError, type Language, reasonOf, SluiceError } from '../core/errors.ts';
import { terminalLanguage } from '../core/terminal-language.ts';
import { CertificateFolder } from './certs/certificate-folder.ts';

const EXIT_CONFIG = 78;

const USAGE = {
  en: `Usage: npm run certs -- COMMAND [--folder certs]

  ca                     an authority of your own: ca.pem, ca-key.pem (keep this one apart and safe)
  server NAME [NAME…]    server.pem, server-key.pem for these host names and addresses
  client USER [USER…]    USER.pem, USER-key.pem for each: USER is the name in the users file of the broker
  renew FILE [FILE…]     the same key and names for another term: "server", or a user
  revoke USER [USER…]    puts it on revoked.pem, for crlFile of the broker
  list                   what there is, and until when
`,
  zh: `用法：npm run certs -- 命令 [--folder certs]

  ca                     生成自己的证书颁发机构：ca.pem、ca-key.pem（后者请单独妥善保管）
  server 名称 [名称…]     为这些主机名和地址生成 server.pem、server-key.pem
  client 用户 [用户…]     为每个用户生成 用户.pem、用户-key.pem：用户即代理用户文件中的名称
  renew 文件 [文件…]      密钥和名称不变，重新签发："server" 或某个用户
  revoke 用户 [用户…]     列入 revoked.pem，供代理的 crlFile 使用
  list                   列出现有证书及有效期
`,
} as const;

const UNTIL = { en: 'valid until', zh: '有效期至' } as const;

/** Exit status 78 where something is wrong with what was asked. */
async function main(): Promise<void> {
  const language = terminalLanguage();
  try {
    process.stdout.write(await run(process.argv.slice(2), language));
  } catch (error) {
    process.stderr.write(`certs: ${asSluiceError(error).text(language)}\n`);
    process.exitCode = EXIT_CONFIG;
  }
}

async function run(args: readonly string[], language: Language): Promise<string> {
  const { folder, command, names } = parse(args);
  const certificates = new CertificateFolder(folder, Date.now());
  const line = (file: string) => `${file}\n`;
  const term = (toMs: number) => `${UNTIL[language]} ${new Date(toMs).toISOString().slice(0, 10)}`;
  /** One after another: the list of what is revoked is one file. */
  async function each(make: (name: string) => Promise<string>): Promise<string> {
    let lines = '';
    for (const name of names) lines += await make(name);
    return lines;
  }
  switch (names.length > 0 || command === 'ca' || command === 'list' ? command : '') {
    case 'ca':
      return line(await certificates.make('authority', 'ca'));
    case 'server':
      return line(await certificates.make('server', 'server', names));
    case 'client':
      return each(async (name) => line(await certificates.make('client', name)));
    case 'renew':
      return each(async (name) => {
        const { file, toMs } = await certificates.renew(name);
        return `${file} ${term(toMs)}\n`;
      });
    case 'revoke':
      return each(async (name) => line(await certificates.revoke(name)));
    case 'list':
      return certificates
        .list()
        .map(({ file, name, serial, toMs }) => `${file}  ${name}  ${serial}  ${term(toMs)}\n`)
        .join('');
    default:
      return USAGE[language];
  }
}

function parse(args: readonly string[]): { folder: string; command: string; names: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { folder: { type: 'string', default: 'certs' } },
    });
    const [command = '', ...names] = positionals;
    return { folder: values.folder, command, names };
  } catch (error) {
    throw new SluiceError('OPTION_INVALID', { problem: reasonOf(error), known: '--folder FOLDER' }, error);
  }
}

await main();
