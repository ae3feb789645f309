// Kernels of our own that a tfjs backend may have: what TfOps asks for, and src/tensor/wasm registers.

export const FUSED = {
  gelu: 'CairnGelu',
  geluGradient: 'CairnGeluGradient',
  silu: 'CairnSilu',
  siluGradient: 'CairnSiluGradient',
  /** Inputs y and dy, attribute `most`: ReLU's own output tells where it passes slopes on. */
  reluGradient: 'CairnReluGradient',
  softmax: 'CairnSoftmax',
  softmaxGradient: 'CairnSoftmaxGradient',
  layerNorm: 'CairnLayerNorm',
  layerNormGradient: 'CairnLayerNormGradient',
  batchNorm: 'CairnBatchNorm',
  batchNormGradient: 'CairnBatchNormGradient',
  pickRows: 'CairnPickRows',
  /** tfjs's Conv2D and its gradients, with an attribute `groups`. The filter is [kh, kw, C / groups, K]. */
  groupedConv: 'CairnGroupedConv2D',
  groupedConvFilter: 'CairnGroupedConv2DBackpropFilter',
  groupedConvInput: 'CairnGroupedConv2DBackpropInput',
  maxPool: 'CairnMaxPool',
  maxPoolGradient: 'CairnMaxPoolGradient',
} as const;
