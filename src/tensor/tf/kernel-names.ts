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
} as const;
