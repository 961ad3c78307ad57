// The op table of the tfjs executor. An entry gets a node and what is known where it stands, and returns the call of
// each run: `{ inputs?, run }`, inputs being the values that `run` takes (the node's first where not said).
import tf from '@tensorflow/tfjs-core'
import { floats, permute, toNhwc } from './tensors.mjs'

/** Axis of a map in NHWC order. */
const axisOf = (axis, rank) => (rank === 4 ? [0, 3, 1, 2].at(axis) : axis)

/** Pads of a window as tfjs takes them; ONNX's `ceil` is padding behind the map. */
function windowPads({ kernel, stride, dilation, pad, ceil }, [, height, width]) {
  const along = (axis, size) => {
    const reach = (kernel[axis] - 1) * (dilation?.[axis] ?? 1) + 1
    if (typeof pad === 'string') {
      const total = Math.max(0, (Math.ceil(size / stride[axis]) - 1) * stride[axis] + reach - size)
      const small = total >> 1
      return pad === 'same_upper' ? [small, total - small] : [total - small, small]
    }
    const [before, after] = [pad[axis], pad[axis + 2]]
    const rest = (size + before + after - reach) % stride[axis]
    const steps = Math.ceil((size + before + after - reach) / stride[axis])
    // A window that would start behind the map is dropped.
    const extra = ceil && rest > 0 && steps * stride[axis] < size + before ? stride[axis] - rest : 0
    return [before, after + extra]
  }
  return [[0, 0], along(0, height), along(1, width), [0, 0]]
}

const isZero = pads => pads.flat().every(n => n === 0)

/** tfjs has no grouped convolution: one call per group. */
function grouped(options, weight, bias, { constant }) {
  const { groups, activation, ...window } = options
  const [kh, kw, depth, out] = weight.shape
  const size = out / groups
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = new Float32Array(kh * kw * depth * size)
    for (let i = 0; i < part.length; i++) part[i] = weight.data[Math.floor(i / size) * out + group * size + (i % size)]
    return {
      filter: constant({ data: part, shape: [kh, kw, depth, size] }),
      bias: bias && constant({ data: bias.data.slice(group * size, (group + 1) * size), shape: [size] }),
    }
  })
  return x =>
    tf.tidy(() =>
      tf.concat(
        tf.split(x, groups, 3).map((part, i) => tf.fused.conv2d({ x: part, ...parts[i], ...window, activation })),
        3,
      ),
    )
}

function conv({ inputs: [input], attrs, weight, bias, activation = 'linear' }, context) {
  const { constant, shape } = context
  const channels = shape(input)[3]
  const { groups, stride, dilation } = attrs
  const window = { strides: stride, pad: windowPads(attrs, shape(input)), dilations: dilation }
  if (groups === channels && groups > 1) {
    const [out, , kh, kw] = weight.shape
    const filter = constant(permute({ ...weight, shape: [channels, out / channels, kh, kw] }, [2, 3, 0, 1]))
    const options = { filter, bias: bias && constant(bias), ...window, activation }
    return { run: x => tf.fused.depthwiseConv2d({ x, ...options }) }
  }
  const hwio = permute(weight, [2, 3, 1, 0])
  if (groups > 1) return { run: grouped({ groups, activation, ...window }, hwio, bias, context) }
  const options = { filter: constant(hwio), bias: bias && constant(bias), ...window, activation }
  return { run: x => tf.fused.conv2d({ x, ...options }) }
}

function gemm({ inputs: [input], weight, bias, activation = 'linear' }, { constant, mapBehind }) {
  const [out, k] = weight.shape
  const map = mapBehind(input)
  // Behind a map that was flattened as it lies, the columns are in NHWC order.
  const turned = map
    ? permute({ ...weight, shape: [out, map[3], map[1], map[2]] }, [2, 3, 1, 0])
    : permute(weight, [1, 0])
  const options = { b: constant({ ...turned, shape: [k, out] }), bias: bias && constant(bias), activation }
  return { run: a => tf.fused.matMul({ a, ...options }) }
}

/** To a shape whose zeros copy a dimension of the input, in the order that ONNX sees. */
function reshape({ inputs: [input], outputs: [output] }, target, { shape, flattensFreely }) {
  const from = shape(input)
  const logical = from.length === 4 ? [from[0], from[3], from[1], from[2]] : from
  const to = target.map((n, i) => (n === 0 ? logical[i] : n))
  const [, height, width, channels] = from
  const ordered = from.length !== 4 || channels === 1 || height * width === 1 || flattensFreely(output)
  if (ordered && to.length !== 4) return { run: x => tf.reshape(x, to) }
  return {
    run: x =>
      tf.tidy(() => {
        const flat = tf.reshape(from.length === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x, to)
        return to.length === 4 ? tf.transpose(flat, [0, 2, 3, 1]) : flat
      }),
  }
}

function flatten(node, context) {
  const from = context.shape(node.inputs[0])
  const { axis = 1 } = node.attrs
  return reshape(node, axis === 0 ? [1, -1] : axis === 1 ? [from[0], -1] : [from.slice(0, axis), -1].flat(), context)
}

function add({ inputs }, { model, constant, shape }) {
  const [fixed] = inputs.filter(name => model.tensors.has(name))
  if (fixed === undefined) return { inputs, run: (a, b) => tf.add(a, b) }
  const [input] = inputs.filter(name => name !== fixed)
  const tensor = floats(model.tensors.get(fixed))
  const rank = shape(input).length
  const addend = constant(toNhwc({ ...tensor, shape: [...Array(rank - tensor.shape.length).fill(1), ...tensor.shape] }))
  return { inputs: [input], run: x => tf.add(x, addend) }
}

function averagePool({ inputs: [input], attrs }, { shape }) {
  const pads = windowPads(attrs, shape(input))
  const { kernel, stride, pad, includePad } = attrs
  if (!includePad || isZero(pads)) return { run: x => tf.avgPool(x, kernel, stride, pads) }
  const border = [
    [0, 0],
    [pad[0], pad[2]],
    [pad[1], pad[3]],
    [0, 0],
  ]
  const rest = pads.map(([before, after], axis) => [before - border[axis][0], after - border[axis][1]])
  return { run: x => tf.tidy(() => tf.avgPool(tf.pad(x, border), kernel, stride, rest)) }
}

function maxPool({ inputs: [input], attrs }, { shape }) {
  if (attrs.dilation?.some(n => n !== 1)) throw new Error('tfjs has no dilated maximum')
  const pads = windowPads(attrs, shape(input))
  return { run: x => tf.maxPool(x, attrs.kernel, attrs.stride, pads) }
}

function lrn({ attrs: { size, alpha, beta, bias } }) {
  if (size % 2 === 0) throw new Error('tfjs normalises over an odd number of channels only')
  return { run: x => tf.localResponseNormalization(x, (size - 1) / 2, bias, alpha / size, beta) }
}

function pad({ inputs: [input], attrs: { pads, value = 0 } }, { shape }) {
  const rank = shape(input).length
  const pairs = Array.from({ length: rank }, (_, axis) => [pads[axis], pads[axis + rank]])
  const nhwc = rank === 4 ? [0, 2, 3, 1].map(axis => pairs[axis]) : pairs
  return { run: x => tf.pad(x, nhwc, value) }
}

export const ops = {
  Add: add,
  AveragePool: averagePool,
  Clip: ({ attrs: { min, max } }) => ({
    run: min === 0 && max === 6 ? tf.relu6 : x => tf.clipByValue(x, min ?? -3.4e38, max ?? 3.4e38),
  }),
  Concat: ({ inputs, attrs }, { shape }) => {
    const axis = axisOf(attrs.axis, shape(inputs[0]).length)
    return { inputs, run: (...xs) => tf.concat(xs, axis) }
  },
  Conv: conv,
  Flatten: flatten,
  Gemm: gemm,
  GlobalAveragePool: ({ inputs: [input] }, { shape }) => {
    const [, height, width] = shape(input)
    return { run: x => tf.avgPool(x, [height, width], 1, 'valid') }
  },
  LRN: lrn,
  MaxPool: maxPool,
  Pad: pad,
  Relu: () => ({ run: tf.relu }),
  Reshape: (node, context) => reshape(node, node.attrs.shape, context),
  Sigmoid: () => ({ run: tf.sigmoid }),
  Softmax: ({ inputs: [input], attrs }, { shape }) => {
    const rank = shape(input).length
    const axis = axisOf(attrs.axis, rank)
    if ((axis + rank) % rank !== rank - 1) throw new Error('tfjs computes softmax along the last axis only')
    return { run: x => tf.softmax(x) }
  },
  Tanh: () => ({ run: tf.tanh }),
}
