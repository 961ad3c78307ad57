export type {
  Build,
  ImageLike,
  InspectedLayer,
  Inspection,
  LayerSummary,
  LayerTime,
  LoadOptions,
  MemoryReport,
  Net,
  PlanOptions,
  Prediction,
  Progress,
  Source,
} from './api.js'
export { ConvletError, type ErrorCode } from './error.js'
export type { Attr, DType, Graph, GraphInput, Model, ModelMeta, Node, Preprocess, Shape, Tensor } from './types.js'
