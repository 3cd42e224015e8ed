import type { Role } from '../../../../../core/access.ts';
import type { Widened } from '../../i18n/en.ts';
import type { WordsOf } from '../../i18n/use-words.ts';

const roles: Record<Role | 'source', string> = {
  viewer: 'Viewer',
  operator: 'Operator',
  agronomist: 'Agronomist',
  carrier: 'Carrier engineer',
  administrator: 'Administrator',
  source: 'Source of readings',
};

const en = {
  who: 'Who you are',
  name: 'Name',
  role: 'Role',
  sites: 'Sites',
  links: 'Links',
  all: 'all',
  none: 'none',
  roles,
  signOut: 'Sign out',
  change: 'Change the password',
  current: 'Password now',
  next: 'New password',
  nextHint:
    'At least ten characters. Several words that do not belong together are easy to keep and hard to guess.',
  again: 'New password once more',
  differs: 'The two are not the same',
  needed: 'Needed',
  save: 'Change it',
  saved: 'The password is changed. You are signed out everywhere else.',
  open: 'Sign-in is switched off here: whoever reaches this page may do everything.',
};

const zh: Widened<typeof en> = {
  who: '当前用户',
  name: '用户名',
  role: '角色',
  sites: '站点',
  links: '链路',
  all: '全部',
  none: '无',
  roles: {
    viewer: '查看者',
    operator: '操作员',
    agronomist: '农艺师',
    carrier: '运营商工程师',
    administrator: '管理员',
    source: '数据上报',
  },
  signOut: '退出登录',
  change: '修改密码',
  current: '当前密码',
  next: '新密码',
  nextHint: '至少十个字符。用几个互不相关的词，好记又难猜。',
  again: '再次输入新密码',
  differs: '两次输入不一致',
  needed: '必填',
  save: '修改',
  saved: '密码已修改，其他设备均已退出登录。',
  open: '此处未启用登录：任何能打开本页面的人都拥有全部权限。',
};

export const WORDS: WordsOf<Widened<typeof en>> = { en, zh };
