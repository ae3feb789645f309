// The texts of saving and sharing results in Simplified Chinese.
import type { Messages } from './messages.ts';

export const results: Messages['results'] = {
  more: '更多',
  moreName: (photo) => `更多操作：${photo} 的识别结果`,
  picture: '保存带结果的图片',
  pictureHint: 'JPEG 格式，不含照片的元数据（地点、时间、相机）',
  json: '保存为 JSON',
  jsonHint: '供程序使用',
  share: '分享',
  shareName: (photo) => `分享 ${photo} 的结果`,
  saved: (file) => `已保存为 ${file}。`,
  drawing: '正在绘制图片',
  pictureFailed: '无法绘制图片。',
  shareReady: '图片已准备好，请再按一次“分享”。',
  shareFailed: '分享未成功。',
  all: '全部保存',
  csv: '表格（CSV）',
  csvHint: '可用 Excel、Numbers、LibreOffice 打开',
  jsonLines: 'JSON 行',
  jsonLinesHint: '供程序使用，与命令行输出相同',
};
