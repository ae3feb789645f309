// What files are that are no photos which can be read here, and what to do with each, in Simplified Chinese.
import type { Messages } from './messages.ts';

const asJpeg = '请用其他应用打开，导出为 JPEG 后再添加。';

export const subjects: Messages['subjects'] = {
  svg: {
    what: '这是 SVG 图形，不是照片。',
    remedy: '请改为添加照片。此类图形在显示时可能加载其他文件，因此不会打开。',
  },
  tiff: { what: '这是 TIFF 或相机原始格式的图片。', remedy: asJpeg },
  raw: { what: '这是相机原始格式的图片。', remedy: '请在相机的软件中导出为 JPEG 后再添加。' },
  photoshop: { what: '这是 Photoshop 文档。', remedy: asJpeg },
  jpegxl: { what: '这是 JPEG XL 图片。', remedy: asJpeg },
  jpeg2000: { what: '这是 JPEG 2000 图片。', remedy: asJpeg },
  'apple-png': { what: '这个 PNG 使用了 Apple 的私有格式。', remedy: asJpeg },
  'rare-bmp': { what: '这是少见类型的 BMP 图片。', remedy: asJpeg },
  'rare-heif': { what: '这是少见类型的 HEIF 图片。', remedy: asJpeg },
  'animated-avif': { what: '这是 AVIF 动画。', remedy: asJpeg },
  icon: { what: '这是图标，不是照片。', remedy: '请改为添加照片。' },
  pdf: { what: '这是 PDF 文档。', remedy: '请将含有图片的页面导出为 JPEG，或截屏后再添加。' },
  archive: { what: '这是压缩包或办公文档。', remedy: '请取出其中的图片后再添加。' },
  video: { what: '这是视频。', remedy: '请在合适的画面暂停，将画面保存为 JPEG 后再添加。' },
  page: {
    what: '这是网页，不是图片。',
    remedy: '请保存图片本身，而不是它所在的网页，然后再添加。',
  },
  text: { what: '这是文本，不是照片。', remedy: '请改为添加照片。' },
  unknown: {
    what: '这不是这里能读取的照片格式。',
    remedy: '请使用 JPEG、PNG、WebP、AVIF、HEIC、GIF 或 BMP 文件。',
  },
  'heic-reader': {
    what: '这是 HEIC 照片，而读取它的程序未能下载。',
    remedy: '请连接网络后重试：只需下载一次（0.5 MB），之后会保存下来。也可将照片导出为 JPEG。',
  },
};
