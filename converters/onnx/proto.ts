// The only file that imports the protobuf classes: read.ts decodes with them, write.ts encodes.
import onnxProto from 'onnx-proto'

export type { onnx } from 'onnx-proto'
export const { ModelProto, AttributeProto, TensorProto } = onnxProto.onnx
