// 在别处检索的地标库的中文文字。
import type { Messages } from './messages.ts';

export const services: Messages['services'] = {
  title: '在别处检索的地标库',
  lead: '机构可以替你检索它自己的地标库，其规模可以超出浏览器的容量。照片留在本设备上；每张照片的描述（几百个数字）会发送过去，服务的运营者可以据此看出照片中是哪处地标。',
  label: '服务地址',
  hint: '即 `cairn serve` 显示的地址',
  look: '查询其内容',
  looking: '正在查询其内容',
  cancel: '取消',
  notAnAddress: '这不是服务地址。',
  forbidden: (origin) =>
    `本页面不得联系 ${origin}：页面自身的规则列出了可以联系的网站。请让托管者在构建时设置 CAIRN_CONNECT="${origin}"。`,
  failed: (host) => `无法查询 ${host}。`,
  askTitle: (host) => `让 ${host} 检索你的照片？`,
  ask: (name, _landmarks, shown) => `它有“${name}”，包含 ${shown} 处地标。`,
  askSent: (host, numbers) =>
    `从现在起，你每识别一张照片，${host} 都会收到 ${numbers} 个数字，直到你将它移除。照片本身及其名称、地点和时间都不会发送。`,
  agree: '在那里检索',
  agreed: (name) => `从现在起会检索“${name}”。`,
  searched: '已检索',
  opening: '正在查询',
  unreachable: '没有回应',
  again: '重试',
  againName: (host) => `重试 ${host}`,
  remove: '停止在那里检索',
  removeName: (host) => `停止在那里检索：${host}`,
  removed: (host) => `不再向 ${host} 发送任何内容。`,
  leadElsewhere: (hosts) =>
    `放入一张照片，Cairn 会说出其中的地标；认不出时也会如实告诉你。照片留在本设备上；按你的同意，描述它的数字会发送到 ${hosts}。`,
  aboutElsewhere: (hosts) => `你已同意将描述照片的数字发送到 ${hosts}。可以在“地标库”中终止。`,
  throughHead: '使用微调后的头部时，不检索这些服务。',
};
