import { foldedName, invalid } from './account.ts';

const LEAST = 10;
/** Of UTF-16: enough for any sentence, and it bounds what is hashed. */
const MOST = 256;

/** What most passwords are made of that are found in lists of stolen ones; with digits and signs around it, it is no better. */
const COMMON = new Set(
  `password passwort passw0rd p@ssword p@ssw0rd pass word passwd changeme changeit change letmein welcome admin administrator
  root toor user guest test testing tester default secret login master qwerty qwertyuiop qwertyui qwertz asdfghjkl asdfgh asdf
  zxcvbnm zxcvbn qazwsx qazwsxedc wsxedc qweasd qweasdzxc asdzxc qwer qwert poiuytrewq mnbvcxz lkjhgfdsa iloveyou ilove loveyou
  woaini woaiwojia iloveu loveme princess prince dragon monkey sunshine shadow superman batman spiderman starwars pokemon football
  baseball basketball soccer hockey tennis michael jordan jennifer jessica ashley daniel andrew joshua matthew thomas robert
  charlie william george hunter ranger buster killer harley mustang corvette ferrari porsche mercedes toyota honda yamaha
  computer internet samsung google facebook linkedin twitter microsoft windows android iphone apple huawei xiaomi wechat
  weixin alibaba taobao tencent baidu china beijing shanghai guangzhou shenzhen zhongguo nihao hello helloworld hallo bonjour
  freedom whatever trustno trustnoone access summer winter spring autumn monday friday january december flower rainbow
  butterfly chocolate cookie banana orange cherry ginger pepper tigger snoopy mickey donald nothing something anything
  abcdefg abcdef abcdefgh abcdefghij abcabc abcd aaaaaa xxxxxx zzzzzz money business company office server database oracle mysql
  postgres cisco router switch firewall network support service manager system sysadmin sysop operator technician engineer
  farmer farm garden greenhouse irrigation water pump valve sensor gateway sluice influx influxdb grafana mosquitto raspberry
  raspberrypi arduino ubnt ubuntu debian linux openwrt admin-admin adminadmin passwordpassword testtest useruser guestguest
  welcomehome letmeinnow opensesame abracadabra blink blahblah fuckyou asshole biteme please thankyou jesus christ heaven angel
  angels lovely lover forever family mother father sister brother daughter baby babygirl sweet sweetheart friends friend
  sunflower liverpool arsenal chelsea manchester barcelona realmadrid juventus bayern london paris berlin newyork america
  canada australia england france germany russia india brazil mexico tokyo`.split(/\s+/),
);

const ROWS = [
  'qwertyuiopasdfghjklzxcvbnm',
  'qazwsxedcrfvtgbyhnujmikolp',
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
];

/**
 * Refuses a password that somebody would guess: shorter than ten characters, the name, or what stands in the lists of the most
 * common ones. Nothing is asked of its characters. Throws `REQUEST_INVALID`.
 */
export function checkNewPassword(password: string, name: string): void {
  if ([...password].length < LEAST) {
    throw invalid('password', {
      en: `must have at least ${LEAST} characters`,
      zh: `至少需要 ${LEAST} 个字符`,
    });
  }
  if (password.length > MOST) {
    throw invalid('password', { en: `must have at most ${MOST} characters`, zh: `最多 ${MOST} 个字符` });
  }
  if (isName(password, name)) {
    throw invalid('password', { en: 'must not be the name', zh: '不能与用户名相同' });
  }
  if (isCommon(password)) {
    throw invalid('password', {
      en: 'is among the first that anybody would try; four or five words that do not belong together are better',
      zh: '过于常见，容易被猜到；建议使用几个互不相关的词语',
    });
  }
}

function isName(password: string, name: string): boolean {
  const [left, right] = [foldedName(password), foldedName(name)];
  return left === right || lettersOf(left) === right;
}

function isCommon(password: string): boolean {
  const text = foldedName(password);
  if (new Set(text).size < 5) return true;
  const letters = lettersOf(text);
  if (COMMON.has(letters) || COMMON.has(text)) return true;
  // Twice the same, and what the fingers find by themselves, forwards or backwards.
  const half = text.slice(0, text.length / 2);
  if (half + half === text && COMMON.has(lettersOf(half))) return true;
  return [text, [...text].reverse().join('')].some((one) => ROWS.some((row) => (row + row).includes(one)));
}

/** Without the digits and signs around it. */
function lettersOf(text: string): string {
  return text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}
