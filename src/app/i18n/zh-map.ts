// The texts of the map, of what a photo says of itself, and of laying it over a reference, in Simplified Chinese.
import type { Messages } from './messages.ts';

export const map: Messages['map'] = {
  summary: '在哪里',
  summaryFacts: '照片自带的信息',
  summaryName: (summary, name) => `${summary}：${name}`,
  loading: '正在载入地图。',
  failed: '无法载入地图，各处位置见列表。',
  alt: (title, country, step) =>
    `地图，标出了${title}${country ? `（${country}）` : ''}，范围：${step}。图上各处都在列表中。`,
  photo: '照片的拍摄地点',
  zoom: '地图范围',
  steps: { world: '世界', continent: '大洲', country: '国家' },
  list: '地图上的位置',
  kinds: {
    landmark: '识别结果',
    photo: '照片记录的拍摄地点',
    'runner-up': '可能性较小',
  },
  away: (coordinates, distance) => `${coordinates}；相距 ${distance}`,
  takenApart: (distance) => `距拍摄地点 ${distance}`,
  source:
    '在本设备上根据 Natural Earth 1 : 5000 万数据绘制：可以看清地区，看不清街道。边界按实际控制情况绘制，不代表任何立场。',
  credit: '地图：使用公有领域的 Natural Earth 数据，取自 world-atlas 软件包。',
  facts: {
    title: '照片自带的信息',
    taken: '拍摄时间',
    camera: '相机',
    place: '地点',
    localTime: (time) => `${time}（相机时钟的时间）`,
    zonedTime: (time, offset) => `${time}（UTC${offset}）`,
    note: '这些信息写在文件里，只在本设备上读取，不会外传，也不用于识别；它们可能有误。',
  },
};

export const compare: Messages['compare'] = {
  title: '照片与你教过的照片叠放',
  note: '教过的照片经过变形，使吻合的细节重叠。移动分隔线即可比较。',
  apartNote: '两张照片的拍摄位置相差太大，无法叠放，因此并排显示。',
  slider: (name) => `照片 ${name} 与你教过的照片之间的分隔线`,
  value: (share) => `照片占宽度的 ${share}`,
  photo: '照片',
  reference: '你教过的照片',
};
