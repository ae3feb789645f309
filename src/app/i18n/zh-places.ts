// The texts about the places themselves, in Simplified Chinese.
import type { Messages } from './messages.ts';

export const places: Messages['places'] = {
  loading: '请稍候……',
  failed: '未能加载页面的这一部分',
  failedHint: '网络可能已断开，或页面已更新到新版本：若是后者，重新加载页面即可。',
  reload: '重新加载页面',
};
