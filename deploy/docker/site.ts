import { parseArgs } from 'node:util';
import { asSluiceError, reasonOf, SluiceError } from '../../core/errors.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';
import { prepareSite } from './prepare-site.ts';

const EXIT_CONFIG = 78;
const DEFAULT_FOLDER = 'deploy/site';
const UNITS_FOLDER = '/etc/sluice';

const USAGE = {
  en: `Usage: npm run site -- [options] NAME [NAME…]

Makes what deploy/compose.yaml mounts: settings, passwords, tokens and certificates. NAME: host names and addresses by which
people and gateways reach this machine. What is there already stays as it is; certificates that were renewed are passed on.

  --units            for the units of deploy/systemd in place of compose
  --folder FOLDER    default ${DEFAULT_FOLDER}, or ${UNITS_FOLDER} for the units
  --site SITE        name of the farm or network; default my-farm
  --gateway GATEWAY  name of the gateway beside the broker; default pump-house
  --demo             the gateway of the simulated farm (compose.demo.yaml)
`,
  zh: `用法：npm run site -- [选项] 名称 [名称…]

生成 deploy/compose.yaml 所挂载的内容：配置、密码、令牌和证书。名称：人和网关访问本机所用的主机名和地址。
已有的内容保持不变；已续期的证书会传递到位。

  --units             用于 deploy/systemd 的单元，而不是 compose
  --folder 目录       默认 ${DEFAULT_FOLDER}；用于单元时为 ${UNITS_FOLDER}
  --site 站点         农场或网络的名称；默认 my-farm
  --gateway 网关      与代理同机的网关的名称；默认 pump-house
  --demo              模拟农场的网关（compose.demo.yaml）
`,
} as const;

/** Exit status 78 where something is wrong with what was asked. */
async function main(): Promise<void> {
  const language = terminalLanguage();
  try {
    const { values, positionals } = parse();
    if (values.help || positionals.length === 0) {
      process.stdout.write(USAGE[language]);
      process.exitCode = values.help ? 0 : EXIT_CONFIG;
      return;
    }
    const { gateway, demo, units: isForUnits } = values;
    const folder = values.folder ?? (isForUnits ? UNITS_FOLDER : DEFAULT_FOLDER);
    const site = demo ? 'demo-farm' : values.site;
    const made = await prepareSite({
      folder,
      names: positionals,
      site,
      gateway,
      demo,
      isForUnits,
      nowMs: Date.now(),
    });
    for (const file of made) process.stdout.write(`${file}\n`);
  } catch (error) {
    process.stderr.write(`site: ${asSluiceError(error).text(language)}\n`);
    process.exitCode = EXIT_CONFIG;
  }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        folder: { type: 'string' },
        units: { type: 'boolean', default: false },
        site: { type: 'string', default: 'my-farm' },
        gateway: { type: 'string', default: 'pump-house' },
        demo: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const known = '--units, --folder FOLDER, --site SITE, --gateway GATEWAY, --demo, --help';
    throw new SluiceError('OPTION_INVALID', { problem: reasonOf(error), known }, error);
  }
}

await main();
