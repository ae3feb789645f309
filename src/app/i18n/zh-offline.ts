// 离线使用、安装和新版本的中文文字。
import type { Messages } from './messages.ts';

export const offline: Messages['offline'] = {
  title: '没有网络时',
  off: '此浏览器窗口不保存页面，因此每次访问都需要网络。',
  preparing: '正在把页面保存到此浏览器，以便在没有网络时使用。',
  kept: (bytes) =>
    `从现在起可以离线使用：页面（${bytes}）、模型和地标库都保存在此浏览器中。只有获取新的地标库才需要网络；如果浏览器本身不能读取 HEIC，第一张 HEIC 照片也需要网络。`,
  noRoom: (bytes) =>
    `浏览器的剩余空间不足，无法保存页面（${bytes}）以供离线使用。“地标库”中列出了可以删除的内容。`,
  failed: '页面未能保存以供离线使用。有网络时一切正常，下次访问时会再试。',
  install: '将 Cairn 安装为应用',
  announceKept: '从现在起可以离线使用。',
  updateReady: '新版本已就绪。',
  updateHint: '页面会重新加载；列表中的照片及其结果不会保留。',
  updateBusy: '等正在进行的工作结束后即可使用。',
  switchOver: '立即使用',
};
