import type { Tensor } from '../../ts/types.js'
import type { Context } from './context.js'
import { type Const, floatBytes, isFloat, numbersOf, refuse } from './values.js'

/** The constant as the runtime takes it: floats, of at most 32 bits. */
const asTensor = (c: Const): Tensor => {
  if (!isFloat(c.dtype)) refuse(`its constant is of ${c.dtype}, only float weights are supported`)
  const { dtype, shape } = c
  if ('dims' in c) {
    const numbers = c.dims.map(d => (typeof d === 'number' ? d : refuse('its constant depends on the batch')))
    return { dtype: 'F32', shape, data: floatBytes(numbers) }
  }
  return dtype === 'F64' ? { dtype: 'F32', shape, data: floatBytes(numbersOf(c)) } : { dtype, shape, data: c.data }
}

/** Collects the tensors of the model. A changed tensor keeps its name where nobody else reads the original. */
export const makeStore = (
  unique: (name: string) => string,
): { tensors: ReadonlyMap<string, Tensor>; store: Context['store'] } => {
  const tensors = new Map<string, Tensor>()
  const stored = new Map<string, string>()
  const store = (c: Const, how = '', change?: (t: Tensor) => Tensor): string => {
    const key = `${c.name}\n${how}`
    const before = stored.get(key)
    if (before !== undefined) return before
    const original = asTensor(c)
    const name = how && c.shared ? unique(`${c.name}_${how}`) : c.name
    tensors.set(name, change ? change(original) : original)
    stored.set(key, name)
    return name
  }
  return { tensors, store }
}
