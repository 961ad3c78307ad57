// Normalisation.
import { type Builder, become, computedInput, constInput, failAt, numberAttr } from './context.js'
import { refuse } from './values.js'

const PARAMETERS = ['scale', 'bias', 'mean', 'variance']

export const batchNormalization: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  if (numberAttr(node, 'training_mode'))
    refuse('it normalises by the statistics of the batch (training_mode=1); export the model in evaluation mode')
  // Until opset 8: one mean for each pixel.
  if (numberAttr(node, 'spatial') === 0) refuse('it normalises each pixel by itself (spatial=0)')
  const parameters = PARAMETERS.map((what, i) => {
    const c = constInput(node, i + 1, what, ctx) ?? failAt(node, `it has no ${what}`)
    if (c.shape.length !== 1) failAt(node, `its ${what} is ${c.shape.join('×') || 'one number'}, not one per channel`)
    return ctx.store(c)
  })
  return become(node, 'BatchNormalization', [x, ...parameters], { epsilon: numberAttr(node, 'epsilon') ?? 1e-5 })
}

export const instanceNormalization: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const parameters = ['scale', 'bias'].map((what, i) => {
    const c = constInput(node, i + 1, what, ctx) ?? failAt(node, `it has no ${what}`)
    if (c.shape.length !== 1) failAt(node, `its ${what} is ${c.shape.join('×') || 'one number'}, not one per channel`)
    return ctx.store(c)
  })
  return become(node, 'InstanceNormalization', [x, ...parameters], { epsilon: numberAttr(node, 'epsilon') ?? 1e-5 })
}

export const lrn: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const size = numberAttr(node, 'size') ?? failAt(node, 'it has no size')
  if (!Number.isSafeInteger(size) || size < 1) failAt(node, `size ${size} should be at least 1`)
  return become(node, 'LRN', [x], {
    size,
    alpha: numberAttr(node, 'alpha') ?? 1e-4,
    beta: numberAttr(node, 'beta') ?? 0.75,
    bias: numberAttr(node, 'bias') ?? 1,
  })
}
