// The texts about taking a photo with the computer's camera, in Simplified Chinese.
import type { Messages } from './messages.ts';

export const camera: Messages['camera'] = {
  title: '拍照',
  asking: '浏览器会询问是否允许此页面使用摄像头。画面不会离开本设备。',
  live: '摄像头画面',
  shutter: '拍摄',
  cancel: '取消',
  again: '重试',
  fileName: (when) => `摄像头 ${when}.jpg`,
  problems: {
    refused: {
      what: '未获准使用摄像头。',
      remedy: '请在浏览器地址栏中允许此页面使用摄像头，然后重试。',
    },
    none: { what: '没有找到摄像头。', remedy: '请连接摄像头后重试，或从文件中选择照片。' },
    busy: {
      what: '摄像头正被占用，或无法启动。',
      remedy: '请关闭正在使用它的其他程序和标签页，然后重试。',
    },
    failed: { what: '摄像头已停止。', remedy: '请重试，或从文件中选择照片。' },
  },
};
