// The networks that are timed beside each other: ours with PyTorch's export of the same, and MobileNets.
import { join } from 'node:path';
import { EXPORTS_FOLDER } from './install.ts';

export interface BenchedNetwork {
  /** ARCH/SPEC, or torchvision/NAME for one that is none of ours. */
  readonly model: string;
  readonly side: number;
  readonly title: string;
}

/** The shipped encoders' networks at the longest side of their views, then those that others embed photos with. */
export const NETWORKS: readonly BenchedNetwork[] = [
  { model: 'efficientnet-lite/lite0', side: 224, title: 'EfficientNet-Lite0' },
  { model: 'efficientnet-lite/lite2', side: 320, title: 'EfficientNet-Lite2' },
  { model: 'se-resnet/compact', side: 160, title: 'SE-ResNet compact' },
  { model: 'nfnet/compact', side: 160, title: 'NFNet compact' },
  { model: 'swin/compact', side: 160, title: 'Swin compact' },
  { model: 'torchvision/mobilenet_v2', side: 224, title: 'MobileNetV2 1.0' },
  { model: 'torchvision/mobilenet_v3_large', side: 224, title: 'MobileNetV3-Large' },
];

/** Whether it is written in src/nets; the others run as PyTorch exports them, and only so. */
export function isOurs({ model }: BenchedNetwork): boolean {
  return !model.startsWith('torchvision/');
}

/** Where scripts/export-torch-onnx.py puts a network: its graph, and the weights that both get. */
export function exportOf({ model }: BenchedNetwork) {
  const [arch = '', spec = ''] = model.split('/');
  const folder = join(EXPORTS_FOLDER, arch);
  return {
    folder,
    onnx: join(folder, `${spec}.onnx`),
    weights: join(folder, `${spec}.safetensors`),
  };
}
