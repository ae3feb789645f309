// What every error means and what to do about it, in Simplified Chinese.
import type { Messages } from './messages.ts';

export const errors: Messages['errors'] = {
  'photo-empty': {
    what: '这个文件是空的。',
    remedy: '如果它存在云端，请先下载到本设备，再重新添加。',
  },
  'photo-unsupported': {
    what: '这不是这里能读取的照片格式。',
    remedy: '请使用 JPEG、PNG、WebP、AVIF、HEIC、GIF 或 BMP 文件。',
  },
  'photo-corrupt': {
    what: '这张照片已损坏，无法读取。',
    remedy: '请用其他应用打开并另存一份，再添加新文件。',
  },
  'photo-truncated': {
    what: '这张照片缺了一部分。',
    remedy: '可能是复制时中断了：请重新复制，再添加新文件。',
  },
  'photo-too-large': {
    what: '这张照片的像素太多，无法安全打开。',
    remedy: '请另存为不超过一亿像素的较小版本，再添加。',
  },
  'model-invalid': {
    what: '识别模型有问题。',
    remedy: '请重试以重新获取；如果无效，请刷新页面。',
  },
  'model-missing': { what: '找不到识别模型。', remedy: '请检查网络连接后重试。' },
  'backend-unavailable': {
    what: '此浏览器没有可供模型运行的环境。',
    remedy: '请更新浏览器，或使用较新的 Chrome、Edge、Firefox 或 Safari。',
  },
  'inference-failed': {
    what: '模型没有为这张照片给出可用的结果。',
    remedy: '请重试；内存可能不足，关闭其他标签页会有帮助。',
  },
  'training-failed': {
    what: '训练已停止：数值超出了范围。',
    remedy: '请用更小的学习率重新开始，或从上一个检查点继续。',
  },
  'collection-invalid': { what: '地标库有问题。', remedy: '请重试以重新获取。' },
  'collection-mismatch': {
    what: '这个地标库是用另一个模型制作的，与当前模型不匹配。',
    remedy: '请刷新页面，以获取互相匹配的版本。',
  },
  'collection-missing': { what: '找不到地标库。', remedy: '请检查网络连接后重试。' },
  'storage-failed': {
    what: '无法使用浏览器存储。',
    remedy: '请退出无痕浏览，或允许本站存储数据，然后刷新。',
  },
  'storage-full': {
    what: '浏览器存储空间已满。',
    remedy: '请在“地标库”页删除不需要的内容，或在本设备上腾出空间，然后重试。',
  },
  'download-failed': {
    what: '下载没有完成。',
    remedy: '请检查网络连接后重试，会从中断处继续。',
  },
  'hash-mismatch': {
    what: '下载的文件与预期不符。',
    remedy: '请重试；可能是会改动网页的网络（酒店、公司）造成的。',
  },
  'worker-crashed': {
    what: '后台工作线程意外停止，已重新启动。',
    remedy: '请重试；内存可能不足，关闭其他标签页会有帮助。',
  },
  timeout: { what: '用时过长，已停止。', remedy: '请重试，最好先减少其他标签页的负担。' },
  aborted: { what: '你停止了这张照片。', remedy: '随时可以重新开始。' },
  usage: { what: '请求的方式无法执行。', remedy: '请刷新页面后重试。' },
  internal: {
    what: 'Cairn 内部出错了。',
    remedy: '请重试；如果反复出现，请附上下面的细节报告问题。',
  },
};
