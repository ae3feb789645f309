// The operations that networks are written against. A network is a function over Ops<T> and named
// parameters; TfOps runs it eagerly (training), OnnxOps records it as an ONNX graph (inference).
//
// Layout has one home: here feature maps are *logically* [N, C, H, W] and sequences [N, L, C].
// How an interpreter stores them (tfjs: NHWC; ONNX: NCHW) is its own business.

/** Parameters by the names of the published PyTorch checkpoints, scoped like module paths. */
export interface Params<T> {
  /** Throws `model-invalid` naming the full path when it is missing. */
  get(name: string): T;
  has(name: string): boolean;
  /** `scope('layer1.0')` sees `layer1.0.conv1.weight` as `conv1.weight`. */
  scope(prefix: string): Params<T>;
}
