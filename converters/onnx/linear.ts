// Gemm and MatMul. The canonical Gemm is y = x·Wᵀ + b with W [out, in], as PyTorch keeps it.
import type { Node, Tensor } from '../../ts/types.js'
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  failAt,
  input,
  numberAttr,
  operands,
  step,
} from './context.js'
import type { OnnxNode } from './read.js'
import { type Const, floatBytes, isComputed, isConst, numbersOf, refuse, transpose } from './values.js'

const scale = (t: Tensor, factor: number): Tensor =>
  factor === 1 ? t : { ...t, dtype: 'F32', data: floatBytes(Array.from(numbersOf(t), n => n * factor)) }

const turn = ({ dtype, shape, data }: Tensor): Tensor => {
  const t = transpose({ name: '', shared: false, dtype, shape, data }, [1, 0])
  return { dtype, shape: t.shape, data: t.data }
}

/** Stores a weight as [out, in], scaled. */
const storeWeight = (w: Const, transposed: boolean, alpha: number, ctx: Context): string => {
  if (w.shape.length !== 2) refuse(`its weight has ${w.shape.length} dimensions, only 2 are supported`)
  if (transposed && alpha === 1) return ctx.store(w)
  const how = [...(transposed ? [] : ['transposed']), ...(alpha === 1 ? [] : [`times_${alpha}`])].join('_')
  return ctx.store(w, how, t => scale(transposed ? t : turn(t), alpha))
}

/** What a Gemm makes of `x`, which is its input as it should be. */
const product = (node: OnnxNode, x: string, ctx: Context): readonly Node[] => {
  const w = constInput(node, 1, 'weight', ctx) ?? failAt(node, 'it has no weight')
  const transposed = !!numberAttr(node, 'transB')
  const beta = numberAttr(node, 'beta') ?? 1
  const weight = storeWeight(w, transposed, numberAttr(node, 'alpha') ?? 1, ctx)
  const addend = input(node, 2, ctx)
  if (addend === undefined || beta === 0) return become(node, 'Gemm', [x, weight])

  const thenAdd = (name: string): readonly Node[] => {
    const alone = ctx.unique(`${node.outputs[0]}_product`)
    return [
      step('Gemm', node.name, [x, weight], alone),
      step('Add', ctx.unique(`${node.name}_add`), [alone, name], node.outputs[0]!),
    ]
  }
  if (isComputed(addend))
    return beta === 1 ? thenAdd(node.inputs[2]!) : refuse(`it scales a computed addend (beta=${beta})`)
  const c = constInput(node, 2, 'bias', ctx)!
  const out = w.shape[transposed ? 0 : 1]!
  const columns = c.shape.at(-1) ?? 1
  if (c.shape.length > 2 || (columns !== 1 && columns !== out))
    failAt(node, `its bias is ${c.shape.join('×')}, its weight makes ${out} columns`)
  const scaled = beta === 1 ? '' : `times_${beta}`
  // A row for each image is no bias.
  if (c.shape.length === 2 && c.shape[0] !== 1)
    return thenAdd(scaled ? ctx.store(c, scaled, t => scale(t, beta)) : ctx.store(c))
  if (!scaled && c.shape.length === 1 && columns === out) return become(node, 'Gemm', [x, weight, ctx.store(c)])
  const bias = ctx.store(c, [`row_${out}`, scaled].filter(Boolean).join('_'), t => {
    const row = scale(t, beta)
    if (columns === out) return { ...row, shape: [out] }
    return { dtype: 'F32', shape: [out], data: floatBytes(new Float32Array(out).fill(numbersOf(row)[0]!)) }
  })
  return become(node, 'Gemm', [x, weight, bias])
}

export const gemm: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  if (!numberAttr(node, 'transA')) return product(node, x, ctx)
  const turned = ctx.unique(`${node.outputs[0]}_transposed`)
  const transpose = step('Transpose', ctx.unique(`${node.name}_transpose`), [x], turned, { perm: [1, 0] })
  return [transpose, ...product(node, turned, ctx)]
}

export const matMul: Builder = (node, ctx) => {
  if (node.inputs.length !== 2) failAt(node, 'it has no right side')
  const [a, b] = [input(node, 0, ctx), input(node, 1, ctx)]
  if (b && isConst(b) && b.shape.length === 2)
    return become(node, 'Gemm', [computedInput(node, 0, ctx), storeWeight(b, false, 1, ctx)])
  for (const v of [a, b])
    if (v && (isConst(v) ? v.shape : isComputed(v) ? v.computed : undefined)?.length === 1)
      refuse('one of its sides is a vector, only matrices are supported')
  return become(node, 'MatMul', operands(node, ctx))
}
