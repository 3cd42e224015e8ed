import type { Widened } from '../../i18n/en.ts';
import type { WordsOf } from '../../i18n/use-words.ts';

const en = {
  title: 'Sign in',
  name: 'Name',
  password: 'Password',
  action: 'Sign in',
  needed: 'Needed',
  again: 'You are signed out. Sign in to go on where you were.',
  forgotten:
    'Forgotten? An administrator can set a new password. The first one was printed where Sluice was started.',
};

const zh: Widened<typeof en> = {
  title: '登录',
  name: '用户名',
  password: '密码',
  action: '登录',
  needed: '必填',
  again: '您已退出登录。请重新登录，以回到刚才的页面。',
  forgotten: '忘记密码？管理员可以重设。首个密码显示在启动 Sluice 的终端中。',
};

export const WORDS: WordsOf<Widened<typeof en>> = { en, zh };
