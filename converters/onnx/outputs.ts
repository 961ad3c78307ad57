import type { Node } from '../../ts/types.js'
import { type Context, step } from './context.js'
import { type Const, dimsOf, floatBytes, isFloat, refuse } from './values.js'

/**
 * A graph output that is a constant: a tensor handed out as it is, whole numbers and truth values as floats. `fixed`: the
 * file says how many images it takes; otherwise what counts them is no constant.
 */
export const constantOutput = (name: string, c: Const, ctx: Context, fixed: boolean): Node => {
  const count = (d: ReturnType<typeof dimsOf>[number]) =>
    typeof d === 'number'
      ? d
      : fixed
        ? d.batches * ctx.batch
        : refuse('it depends on the batch, which the file leaves open')
  const weight =
    isFloat(c.dtype) && 'data' in c
      ? c
      : { name, dtype: 'F32' as const, shape: c.shape, data: floatBytes(Array.from(dimsOf(c), count)) }
  // The tensor takes another name than the output has.
  const tensor = ctx.store({ ...weight, name, shared: true }, 'constant', t => t)
  return step('Identity', ctx.unique(`${name}_output`), [tensor], name)
}
